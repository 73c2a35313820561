# What is known of paths without opening them: shared by the script that collects and by what is sent over ssh.

# path_states: of each path that is read, a line `KIND MODE OWNER GROUP SIZE TIME PATH`, or `absent - - - - - PATH`; the time
# only where there is perl, which AIX has unless it was removed
path_states() {
    if command -v perl > /dev/null; then
        perl -e '
            $root = shift;
            while (<STDIN>) {
                chomp;
                @state = lstat("$root$_");
                if (!@state) {
                    print "absent - - - - - $_\n" if $! == 2 || $! == 20;
                    next;
                }
                $kind = -l _ ? "link" : -f _ ? "file" : -d _ ? "dir" : "other";
                $owner = getpwuid($state[4]);
                $group = getgrgid($state[5]);
                $owner = $state[4] unless defined $owner;
                $group = $state[5] unless defined $group;
                printf "%s %04o %s %s %s %s %s\n", $kind, $state[2] & 07777, $owner, $group, $state[7], $state[9], $_;
            }' "$ROOT"
    else
        while IFS= read -r states_one; do
            if [ -e "$ROOT$states_one" ] || [ -h "$ROOT$states_one" ]; then
                # shellcheck disable=SC2012 # this is about what ls says
                ls -ld "$ROOT$states_one" | awk '
                    {
                        kind = substr($1, 1, 1)
                        kind = kind == "-" ? "file" : kind == "d" ? "dir" : kind == "l" ? "link" : "other"
                        mode = special = 0
                        for (i = 0; i < 9; i++) {
                            letter = substr($1, i + 2, 1)
                            mode *= 2
                            if (letter ~ /[rwxst]/) mode++
                            if (letter ~ /[sStT]/) special = special + (i == 2 ? 4 : i == 5 ? 2 : 1)
                        }
                        mode = sprintf("%o%03o", special, mode)
                        printf "%s %s %s %s %s - ", kind, mode, $3, $4, $5
                    }'
            elif absent "$ROOT$states_one"; then
                printf 'absent - - - - - '
            else
                continue
            fi
            printf '%s\n' "$states_one"
        done
    fi
}
