# Every answer begins and ends with a mark, so that neither what a login prints nor a lost connection is taken for it.

# answer: from here on it counts
answer() {
    PATH=/usr/sbin:/usr/bin:/sbin:/bin
    LC_ALL=C LANG=C
    export PATH LC_ALL LANG
    unset ENV PERL5OPT PERL5LIB PERLLIB
    printf '%s\n' "$MARK"
    printf '%s\n' "$MARK" >&2
}

# answered WORD...: how it ended, as the last line of standard error
answered() {
    printf '\n%s %s\n' "$MARK" "$*" >&2
}
