'delete counter inet f q'
