"""The mail servers underneath: Dovecot, the submission server, and what starts and stops them."""
