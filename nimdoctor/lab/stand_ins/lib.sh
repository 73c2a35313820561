# shellcheck shell=sh disable=SC2030,SC2031 # `within` changes ROOT and LAB for its subshell on purpose
# What every stand-in begins with. ROOT is its tree, LAB the state kept below it, both set from the
# path it was called by, so that a stand-in never acts on another tree by mistake.
#
# State, one small file each, replaced whole so that a killed stand-in leaves no half-written one:
#   host           NAME, MACHINE_ID, MASTER, PYTHON, DAEMONS ... of this tree
#   src/NAME       a subsystem: its group or "-", its process id or "-"
#   proc/PID       a process: parent, start (seconds since 1970), the process of the machine the lab
#                  runs on that stands behind it or "-", arguments
#   nimsh_args     how SRC starts nimsh; no file = no such subsystem
#   nimsh_libraries  whether the libraries it loaded when it started were fresh or stale
#   clock          seconds that `date` is ahead of the machine the lab runs on; no file = none
#   held           a port on which another program listens; nimsh cannot start where that is its own
#   inetd          services that inetd has activated
#   fault/COMMAND  or COMMAND.WORD with WORD among its arguments: what goes wrong, see begin
# first the tools of the machine the lab runs on: where a tree is its own root, /usr/bin holds the stand-ins
PATH=/bin:/sbin:/usr/sbin:/usr/bin
LC_ALL=C
export PATH LC_ALL
umask 022
LAB=$ROOT/.lab
# shellcheck source=/dev/null
. "$LAB/host"
HALF=''

# begin COMMAND ARGUMENT...: meets the fault that was laid for this command, if any.
#   hang, fail, silent (no effect, exit 0), half (part of the work, exit 1; the stand-in asks $HALF),
#   late (all of the work, then hang), lie (all of the work, exit 1); a second word `once` removes it
begin() {
    COMMAND=$1
    for FAULT in "$LAB"/fault/*; do
        [ -f "$FAULT" ] || return 0
        break
    done
    shift
    for WORD in "$@" ''; do
        case $WORD in */*) continue ;; esac
        FAULT=$LAB/fault/$COMMAND${WORD:+.$WORD}
        [ -f "$FAULT" ] || continue
        KIND='' ONCE=''
        read -r KIND ONCE < "$FAULT"
        [ "$ONCE" != once ] || rm -f "$FAULT"
        case $KIND in
            hang) hang ;;
            fail) failed "0042-175 $COMMAND: An unexpected result was returned by a sub-command." ;;
            silent) exit 0 ;;
            half) HALF=yes ;;
            late) trap hang EXIT ;;
            lie) trap 'exit 1' EXIT ;;
        esac
        return 0
    done
}

# acting COMMAND ARGUMENT...: the same for a command that changes something; it is counted.
acting() {
    printf '%s\n' "$*" >> "$LAB/calls"
    begin "$@"
}

# Waits until somebody ends it, or its tree is gone.
hang() {
    while [ -d "$LAB" ]; do
        nap 0.2
    done
    exit 1
}

# nap SECONDS: parts of a second where sleep takes them, as that of AIX does not
nap() {
    sleep "$1" 2> /dev/null || sleep 1
}

# failed LINE...: says them on stderr, exit status 1.
failed() {
    printf '%s\n' "$@" >&2
    exit 1
}

# nim_failed COMMAND LINE: a NIM error is a wrapper and the line that tells.
nim_failed() {
    failed "0042-001 $1: processing error encountered on \"$NIM_NAME\":" "   $2"
}

# within TREE FUNCTION ARGUMENT...: runs a function as that tree.
within() (
    ROOT=$1
    LAB=$1/.lab
    shift
    # shellcheck source=/dev/null
    . "$LAB/host"
    "$@"
)

# replace FILE: its new content comes from stdin.
replace() {
    cat > "$LAB/new.$$" && mv -f "$LAB/new.$$" "$1"
}

# -- processes and subsystems

# A process id nobody has.
new_pid() {
    PID=$((4194304 + $$ % 100000 * 64 + 2))
    while [ -f "$LAB/proc/$PID" ]; do
        PID=$((PID + 2))
    done
}

# alive REAL: whether that process of this machine runs; one that only waits to be reaped does not.
alive() {
    kill -0 "$1" 2> /dev/null || return 1
    [ -r "/proc/$1/stat" ] || return 0
    read -r STAT < "/proc/$1/stat" || return 1
    case ${STAT##*')'} in ' Z'* | ' X'*) return 1 ;; esac
}

# process PID: sets PPID_OF, START, REAL and ARGS; false when there is none, or it has ended.
process() {
    [ -f "$LAB/proc/$1" ] && read -r PPID_OF START REAL ARGS < "$LAB/proc/$1" || return 1
    [ "$REAL" = - ] || alive "$REAL"
}

# subsystem NAME: sets GROUP, PID and STATUS; false when it is not on file.
subsystem() {
    [ -f "$LAB/src/$1" ] || return 1
    read -r GROUP PID < "$LAB/src/$1"
    STATUS=active
    [ "$GROUP" != - ] || GROUP=''
    if [ "$PID" = - ] || ! process "$PID"; then
        PID=''
        STATUS=inoperative
    fi
}

active() {
    subsystem "$1" && [ "$STATUS" = active ]
}

not_on_file() {
    failed "0513-085 The $1 Subsystem is not on file."
}

# nimsh_can_listen: its port has a name (that it asks for it by name is inferred), and nobody else has the port
nimsh_can_listen() {
    grep '^nimsh[ 	][ 	]*[0-9][0-9]*/tcp' "$ROOT/etc/services" > /dev/null && [ ! -f "$LAB/held" ]
}

# start NAME: what startsrc does, without a word of it; sets PID.
start() {
    [ "$1" != nimsh ] || nimsh_can_listen || return 1
    read -r GROUP PID < "$LAB/src/$1"
    new_pid
    [ "$1" != nimsh ] || load_libraries
    printf '%s %s\n' "$GROUP" "$PID" | replace "$LAB/src/$1"
    if [ "$1" = nimsh ] && [ "$DAEMONS" = yes ]; then
        # SRC starts it, so it has nothing of the environment of whoever asked
        env -i "$PYTHON" -I -S "$LAB/nimsh_daemon.py" "$ROOT" "$PID" < /dev/null > /dev/null 2>> "$LAB/nimsh_trouble" || return 1
        return 0
    fi
    ARGS=/usr/sbin/$1
    if [ "$1" = nimsh ]; then
        read -r ARGS < "$LAB/nimsh_args"
        ARGS="/usr/sbin/nimsh $ARGS"
        write_log "NIM Service Handler started from SRC"
    fi
    printf '3211664 %s - %s\n' "$(date +%s)" "$ARGS" | replace "$LAB/proc/$PID"
}

# shut_down NAME: what stopsrc does; children of nimsh go on without it.
shut_down() {
    subsystem "$1"
    OLD=$PID
    [ -n "$OLD" ] || return 0
    for ROW in "$LAB"/proc/*; do
        if process "${ROW##*/}" && [ "$PPID_OF" = "$OLD" ]; then
            printf '1 %s %s %s\n' "$START" "$REAL" "$ARGS" | replace "$ROW"
        fi
    done
    process "$OLD"
    if [ "$REAL" != - ]; then
        kill "$REAL" 2> /dev/null
        TRIES=0
        while alive "$REAL" && [ "$TRIES" -lt 100 ]; do
            nap 0.02
            TRIES=$((TRIES + 1))
        done
    fi
    rm -f "$LAB/proc/$OLD"
    printf '%s -\n' "${GROUP:--}" | replace "$LAB/src/$1"
}

# load_libraries: nimsh keeps what it mapped when it started, whatever becomes of the files.
load_libraries() {
    LOADED=fresh
    for NAME_OF in libssl.so.0.9.8 libcrypto.so.0.9.8; do
        cmp -s "$ROOT/usr/lib/$NAME_OF" "$LAB/members/$NAME_OF" || LOADED=stale
    done
    printf '%s\n' "$LOADED" | replace "$LAB/nimsh_libraries"
}

# change_nimsh ARGUMENTS: stop, chssys, start, with the three lines of the guide.
change_nimsh() {
    if active nimsh; then
        shut_down nimsh
        echo "0513-044 The nimsh Subsystem was requested to stop."
    fi
    printf '%s\n' "$1" | replace "$LAB/nimsh_args"
    echo "0513-077 Subsystem has been changed."
    [ -z "$HALF" ] || exit 1
    [ -f "$LAB/src/nimsh" ] || echo "nimclient -" | replace "$LAB/src/nimsh"
    start nimsh || failed "0513-052 The System Resource Controller could not start nimsh."
    echo "0513-059 The nimsh Subsystem has been started. Subsystem PID is $PID."
}

# write_log LINE...: lines of nimsh.log with the stamp that nimsh puts before each; an empty one has none.
write_log() {
    STAMP=$(date '+%a %b %e %H:%M:%S %Y')
    for LINE in "$@"; do
        printf '%s\n' "${LINE:+$STAMP $LINE}"
    done >> "$ROOT/var/adm/ras/nimsh.log"
}

# -- objects of the master, one stanza a file, in the order of their names

# object NAME: sets OBJECT to its file; false when there is none.
object() {
    for OBJECT in "$LAB"/objects/*."$1"; do
        [ -f "$OBJECT" ] && return 0
    done
    return 1
}

# attribute NAME: the value in the stanza of OBJECT.
attribute() {
    sed -n "s/^   $1  *= //p" "$OBJECT"
}

# set_attribute NAME VALUE: changes a row of OBJECT, or adds it; an empty value takes it away.
set_attribute() {
    awk -v name="$1" -v value="$2" '
        $1 != name { print; width = index($0, "=") ? index($0, "=") : width; next }
        value != "" && !done { print substr($0, 1, index($0, "=") + 1) value; done = 1 }
        END { if (value != "" && !done) printf "   %-" (width - 5) "s = %s\n", name, value }
    ' "$OBJECT" | replace "$OBJECT"
}

# peer NAME: sets PEER to the tree of that client; false when the lab has none.
peer() {
    [ -f "$LAB/peers/$1" ] && read -r PEER < "$LAB/peers/$1" && PEER=$ROOT/$PEER
}

# -- tftp, asked of the master

# Whether tftpd answers anybody.
serves_tftp() {
    active inetd && [ ! -f "$LAB/auditing" ] || return 1
    grep -q '^tftp	' "$LAB/inetd" || return 1
    grep -q '^[ 	]*tftp[ 	]' "$ROOT/etc/inetd.conf"
}

# Whether the certificate that goes to clients can be fetched now.
serves_certificate() {
    serves_tftp || return 1
    [ -f "$ROOT/ssl_nimsh/certs/server.pem" ] || return 1
    case $(ls -ld "$ROOT/ssl_nimsh/certs/server.pem") in -??????r*) ;; *) return 1 ;; esac
    [ -f "$ROOT/etc/tftpaccess.ctl" ] || return 0
    case $(ls -ld "$ROOT/etc/tftpaccess.ctl") in -??????r*) ;; *) return 0 ;; esac
    awk -F: -v path=/ssl_nimsh/certs/server.pem '
        function covers(rule) { sub(/\/+$/, "", rule); return index(path "/", rule "/") == 1 }
        { gsub(/[ \t]/, "") }
        $1 == "deny" && covers($2) { denied = 1 }
        $1 == "allow" { rules = 1; if (covers($2)) allowed = 1 }
        END { exit denied || (rules && !allowed) }
    ' "$ROOT/etc/tftpaccess.ctl"
}

# activate: inetd takes over its file.
activate() {
    awk '
        /^[ \t]*#/ || NF < 6 { next }
        {
            description = $7
            for (field = 8; field <= NF; field++) description = description " " $field
            print $1 "\t" $6 "\t" description
        }
    ' "$ROOT/etc/inetd.conf" | replace "$LAB/inetd"
}
