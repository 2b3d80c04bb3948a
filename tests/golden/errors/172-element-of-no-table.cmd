'get element inet nope s { 1.2.3.4 }'
