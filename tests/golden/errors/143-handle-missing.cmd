delete rule inet filter input
