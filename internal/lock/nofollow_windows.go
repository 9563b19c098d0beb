package lock

const noFollow = 0
