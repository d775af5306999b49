"""What does Postroom look like in a browser? Flask views and forms, thin: who, what, do, show."""
