"""`python3 -m servers.setup.bootstrap run`: from a fresh checkout to a running Postroom, with nothing but Python.

This file must be readable by any Python 3, so that an old one is told what is wrong instead of failing on new syntax.
"""

import sys

OLDEST = (3, 11)


def main() -> None:
    if sys.version_info[:2] < OLDEST:
        version = ".".join(map(str, sys.version_info[:2]))
        wanted = ".".join(map(str, OLDEST))
        sys.exit(
            "Postroom needs Python " + wanted + " or newer; this is " + version + ". Try: make run PYTHON=python3.12"
        )
    from servers.setup.provision import provision

    provision(sys.argv[1:])


if __name__ == "__main__":
    main()
