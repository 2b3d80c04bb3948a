add table inet filternft add chain inet filter input
