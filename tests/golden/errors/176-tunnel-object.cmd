'add tunnel inet f t { id 5; }'
