list chain inet filter inpt
