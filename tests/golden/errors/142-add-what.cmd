add
