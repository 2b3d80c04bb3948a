'create counter inet f k'
