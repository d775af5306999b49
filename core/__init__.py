"""What does every room stand on? Configuration, the database, secrets, errors and logs; no mail, people or HTTP."""
