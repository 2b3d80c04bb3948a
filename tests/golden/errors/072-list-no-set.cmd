list set inet filter nosuch
