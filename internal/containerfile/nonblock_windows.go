package containerfile

const nonBlock = 0
