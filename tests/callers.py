"""What a caller's environment may hold and no command of a host may see."""

PLACE = "/of/the/caller"
CALLERS = dict.fromkeys(
    (
        *("ODMDIR", "HOME", "PATH", "ENV", "CDPATH", "NIMDOCTOR_ROOT"),
        *("LIBPATH", "LD_LIBRARY_PATH", "LDR_PRELOAD", "LDR_PRELOAD64", "LDR_CNTRL"),
        *("OPENSSL_CONF", "OPENSSL_MODULES", "OPENSSL_ENGINES", "PERL5OPT", "PERL5LIB", "PERLLIB"),
    ),
    PLACE,
)
"""By name; PATH is given by who starts a program."""


def seen(env: str) -> "dict[str, str]":
    """The variables that `env` shows, without what a shell sets by itself."""
    found = dict(line.split("=", 1) for line in env.splitlines() if "=" in line)
    return {
        name: value
        for name, value in found.items()
        if name not in ("_", "A__z", "_AST_FEATURES", "PWD", "OLDPWD", "SHLVL")
    }
