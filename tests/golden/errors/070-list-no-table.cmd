list table inet filtr
