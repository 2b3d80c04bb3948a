'list set inet f m'
