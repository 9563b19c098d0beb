package smallfile

const nonBlock = 0
