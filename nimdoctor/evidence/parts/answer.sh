# Every answer begins and ends with a mark, so that neither what a login prints nor a lost connection is taken for it.

# answer: from here on it counts
answer() {
    PATH=/usr/sbin:/usr/bin:/sbin:/bin
    LC_ALL=C LANG=C HOME=/
    export PATH LC_ALL LANG HOME
    unset ENV CDPATH ODMDIR LIBPATH LD_LIBRARY_PATH LD_PRELOAD LDR_CNTRL LDR_PRELOAD LDR_PRELOAD64
    unset OPENSSL_CONF OPENSSL_MODULES OPENSSL_ENGINES PERL5OPT PERL5LIB PERLLIB NIMDOCTOR_ROOT
    printf '%s\n' "$MARK"
    printf '%s\n' "$MARK" >&2
}

# answered WORD...: how it ended, as the last line of standard error
answered() {
    printf '\n%s %s\n' "$MARK" "$*" >&2
}
