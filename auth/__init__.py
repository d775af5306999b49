"""Who is asking? Owners and people, passwords, the second factor, sign-in, web sessions and app passwords."""
