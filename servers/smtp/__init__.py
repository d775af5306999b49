"""How mail comes in and goes out: both SMTP servers, the sender policy, delivery and the spool."""
