"""Passwords long enough to be chosen and yet among the first to be guessed. Data only, in lower case."""

_PASSWORDS = """
    123123123123 1234567890ab 123456789abc 123456789qwe 1234qwerasdf 123qweasdzxc 1q2w3e4r5t6y 1q2w3e4r5t6y7u
    1qaz2wsx3edc 1qaz2wsx3edc4rfv 1qazxsw23edc a1b2c3d4e5f6 a1b2c3d4e5f6g7 abc123abc123 abcd1234abcd abcdef123456
    asdf1234asdf asdfasdfasdf asdfghjkl123 asdfqwer1234 password1234 passwordpassword qazwsxedc123 qazwsxedcrfv
    qwe123qwe123 qweasdzxc123 qwer1234qwer qwer1234asdf qwerasdfzxcv qwerty123456 qwertyqwerty qwertyuiop10
    zaq12wsxcde3 zaq1zaq1zaq1 zxcvbnm12345
    correcthorsebatterystaple correct-horse-battery-staple correcthorsebattery
"""
COMMON_PASSWORDS = frozenset(_PASSWORDS.split()) | {"correct horse battery staple"}

# With every digit and sign taken away, nothing but one of these remains: Password2026!!, 1-Welcome-12345.
_STEMS = """
    password passwort passwords passwordone mypassword thepassword newpassword yourpassword passphrase pass passwd
    passw pswd pword pssword pssw motdepasse contrasena senha wachtwoord qwerty qwertz azerty qwertyui qwertyuiop
    qwertzuiop asdfgh asdfghjkl zxcvbn zxcvbnm qazwsx qwe qwer abc abcd abcdef abcdefgh test testing tester testtest
    admin administrator root user guest login letmein letmeinnow welcome welcomeback changeme changeit changemenow
    default secret topsecret mysecret iloveyou ilovegod iloveu loveyou lovelove sunshine princess monkey dragon master
    superman batman football baseball basketball soccer hockey shadow michael jennifer jessica charlie jordan michelle
    freedom whatever trustno starwars pokemon computer internet samsung google facebook company office summer winter
    spring autumn sommer january february march april may june july august september october november december monday
    friday hello helloworld hellohello goodmorning service support info sales mail webmail mailbox emailpassword
"""
COMMON_STEMS = frozenset(_STEMS.split())
