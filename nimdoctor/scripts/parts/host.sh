# Functions that every rendered script is made of; nimdoctor.scripts takes those that a script calls.
# ksh88: a function shares all variables with its caller, so its own begin with its name.

say() {
    printf '%s\n' "$*"
}

warn() {
    printf '%s\n' "$*" >&2
}

# on_one_line TEXT
on_one_line() {
    printf '%s\n' "$1" | awk '{ printf "%s%s", between, $0; between = " " }'
}

# give_up WORDS: ends the script, nothing more is done
give_up() {
    warn "$*"
    exit 1
}

# begin_script: what must be the same wherever this runs
begin_script() {
    PATH=/usr/bin:/usr/sbin:/sbin:/bin
    LC_ALL=C
    LANG=C
    HOME=/
    export PATH LC_ALL LANG HOME
    # as nimdoctor runs commands: the ODM is the one in /etc/objrepos, and no program reads what its caller chose
    unset ENV CDPATH ODMDIR LIBPATH LD_LIBRARY_PATH LD_PRELOAD LDR_CNTRL LDR_PRELOAD LDR_PRELOAD64
    unset OPENSSL_CONF OPENSSL_MODULES OPENSSL_ENGINES PERL5OPT PERL5LIB PERLLIB NIMDOCTOR_ROOT
    IFS=' 	
'
    cd / || exit 1
    CHILD='' WATCH='' LOCKED='' WORK='' NOTED='' ACTING='' LENIENT='' COMMANDS=0 WATCHED=0 KNOWN='' LATER='' STATUS='' ROOT='' DIR=''
    LISTED=''
    # what looks for something and has no tool to look with would find nothing
    for begin_tool in awk cat cksum cp cut date dd df dirname find grep id ls mkdir mv ps rm rmdir sed sleep sort sync tail touch tr uname; do
        command -v "$begin_tool" > /dev/null || give_up "refused: this host has no command $begin_tool in $PATH"
    done
}

interrupted() {
    trap '' INT TERM HUP
    warn "interrupted"
    if [ -n "$CHILD" ]; then
        end_tree "$CHILD"
        end_watch
    fi
    exit "$1"
}

# at END: ROOT, STATE and DIR of that end; false where nothing can be read or done
at() {
    case $1 in
        client) ROOT=$CLIENT_ROOT STATE=$CLIENT_STATE HERE=$CLIENT_HERE ;;
        *) ROOT=$MASTER_ROOT STATE=$MASTER_STATE HERE=$MASTER_HERE ;;
    esac
    DIR=$STATE/scripts/$PLAN16
    SAYS="the $1 is not here"
    [ "$HERE" = yes ]
}

# choose_ends: ACT, the ends that this start changes, the target's first
choose_ends() {
    case $NAMED in
        client) [ "$CLIENT_HERE" != none ] || give_up "this plan has no client" ;;
        master) [ "$MASTER_HERE" != none ] || give_up "this plan has no master" ;;
    esac
    [ "$NAMED" != client ] || CLIENT_HERE=yes
    [ "$NAMED" != master ] || MASTER_HERE=yes
    ACT=''
    for choose_end in client master; do
        [ -z "$NAMED" ] || [ "$NAMED" = "$choose_end" ] || continue
        at "$choose_end" || continue
        for choose_step in $STEPS; do
            step "$choose_step"
            [ "$END" = "$choose_end" ] || continue
            ACT="$ACT $choose_end"
            break
        done
    done
    ACT=${ACT# }
    FIRST=${ACT%% *}
    [ -n "$ACT" ] || give_up "nothing to do from here: no step is for this host; name the end this is: $NAME client, or $NAME master"
}

# must_be_allowed: root on AIX, where the host itself is changed
must_be_allowed() {
    for must_end in $ACT; do
        at "$must_end"
        [ -z "$ROOT" ] || continue
        must_system=$(uname -s)
        [ "$must_system" = AIX ] || give_up "refused: this host runs $must_system, not AIX"
        must_user=$(id -u)
        [ "$must_user" = 0 ] || give_up "refused: not run as root"
    done
}

# -- commands

# program END NAME: sets PROGRAM to where that command of the end is
program() {
    at "$1" || return 3
    if [ -z "$ROOT" ]; then
        PROGRAM=$(command -v "$2") || PROGRAM=''
        case $PROGRAM in /*) return 0 ;; esac
    else
        for PROGRAM in "$ROOT/usr/sbin/$2" "$ROOT/usr/bin/$2"; do
            [ -f "$PROGRAM" ] && [ -x "$PROGRAM" ] && return 0
        done
    fi
    SAYS="$2: no such command on the $1"
    return 2
}

# ask END KEY COMMAND ARGUMENT...: its output in $OUT and $ERR, once a moment; a command that failed gave no answer
ask() {
    ask_any "$@" || return $?
    [ "$STATUS" != 0 ] || return 0
    SAYS="$3 ended with status $STATUS"
    return 2
}

# ask_any END KEY COMMAND ARGUMENT...: the same where a status other than 0 may be an answer; it is in $STATUS
ask_any() {
    OUT=$WORK/now/$1.$2
    ERR=$OUT.err
    if [ -f "$OUT.status" ]; then
        read -r STATUS < "$OUT.status"
    else
        program "$1" "$3" || return $?
        ask_path=$PROGRAM ask_key=$OUT
        shift 3
        limited 30 "$OUT" "$ERR" "$ask_path" "$@"
        printf '%s\n' "$STATUS" > "$ask_key.status"
    fi
    SAYS="${OUT##*/}: the command did not end within 30 s"
    [ "$STATUS" != late ] || return 2
    # where its answer could not be written it was never asked
    SAYS="${OUT##*/}: its answer cannot be read"
    [ -f "$OUT" ] && [ -f "$ERR" ] || return 2
    # what NIM has to say may stand on either
    [ -s "$OUT" ] || OUT=$ERR
    return 0
}

# a_new_moment: from here on everything is read anew
a_new_moment() {
    KNOWN=''
    rm -rf "$WORK/now"
    mkdir -m 700 "$WORK/now" || give_up "$WORK/now cannot be made"
}

# limited SECONDS OUTPUT ERRORS COMMAND ARGUMENT...: sets STATUS, `late` when it was ended at its deadline
limited() {
    limited_by=$1 limited_out=$2 limited_err=$3
    shift 3
    WATCHED=$((WATCHED + 1))
    OVER=$WORK/over.$WATCHED LATE=$WORK/late.$WATCHED
    # with job control it leads a process group, by which all of it can be found at the deadline
    { set -m; } 2> /dev/null
    (
        { set +m; } 2> /dev/null
        trap - INT TERM HUP
        if [ -n "$ROOT" ]; then
            NIMDOCTOR_ROOT=$ROOT
            export NIMDOCTOR_ROOT
        fi
        exec "$@"
    ) > "$limited_out" 2> "$limited_err" < /dev/null &
    CHILD=$!
    { set +m; } 2> /dev/null
    [ -z "$ACTING" ] || printf '%s %s\n' "$CHILD" "$1" > "$DIR/child"
    watch "$limited_by" "$CHILD" &
    WATCH=$!
    { wait "$CHILD"; } 2> /dev/null
    STATUS=$?
    end_watch
    CHILD=''
    [ -z "$ACTING" ] || rm -f "$DIR/child"
    [ ! -f "$LATE" ] || STATUS=late
}

# end_watch: the command is over, so nothing need watch it
end_watch() {
    [ -n "$WATCH" ] || return 0
    : > "$OVER"
    kill -TERM "$WATCH" 2> /dev/null
    { wait "$WATCH"; } 2> /dev/null
    WATCH=''
}

# watch SECONDS PROCESS: runs beside a command and ends it at its deadline
watch() {
    exec > /dev/null 2>&1 < /dev/null
    watch_left=$1 watch_over='' watch_sleep=''
    trap 'watch_over=yes; [ -z "$watch_sleep" ] || kill -KILL "$watch_sleep"' TERM
    trap - INT HUP
    while [ "$watch_left" -gt 0 ]; do
        watch_for=5
        [ "$watch_left" -gt 5 ] || watch_for=$watch_left
        sleep "$watch_for" &
        watch_sleep=$!
        # the command may have ended before the trap was set
        if [ -n "$watch_over" ] || [ -f "$OVER" ]; then
            kill -KILL "$watch_sleep"
        fi
        wait "$watch_sleep"
        watch_sleep=''
        # where a script was killed nobody says that its command is over
        if [ -n "$watch_over" ] || [ -f "$OVER" ] || ! kill -0 "$2"; then
            return 0
        fi
        watch_left=$((watch_left - watch_for))
    done
    : > "$LATE"
    end_tree "$2"
}

# end_tree PROCESS: ends it, its process group where it leads one, and all that descends from it
end_tree() {
    end_tree_of=$1
    end_tree_rounds=0
    while [ "$end_tree_rounds" -lt 3 ]; do
        end_tree_rounds=$((end_tree_rounds + 1))
        end_tree_of=$(ps -eo pid,ppid,pgid | awk -v top="$1" -v known=" $end_tree_of " '
            $1 !~ /^[0-9]+$/ { next }
            { parent[$1] = $2; if ($3 == top) mine[$1] = 1 }
            END {
                count = split(known, words, " ")
                for (i = 1; i <= count; i++) mine[words[i]] = 1
                do {
                    more = 0
                    for (pid in parent) if (!(pid in mine) && (parent[pid] in mine)) { mine[pid] = 1; more = 1 }
                } while (more)
                for (pid in mine) if (pid in parent) print pid
            }')
        [ -n "$end_tree_of" ] || break
        # shellcheck disable=SC2086 # several numbers
        kill -KILL $end_tree_of 2> /dev/null
    done
    return 0
}

# -- files

# reach END PATH: sets FILE; no directory on the way may be a link (1), or is absent (2)
reach() {
    at "$1" || return 3
    FILE=$ROOT$2
    reach_rest=${2#/} reach_now=$ROOT
    while :; do
        case $reach_rest in
            */*) ;;
            *) return 0 ;;
        esac
        reach_now=$reach_now/${reach_rest%%/*}
        reach_rest=${reach_rest#*/}
        if [ -h "$reach_now" ]; then
            SAYS="$reach_now is a link: nothing is done through it"
            return 1
        elif [ ! -d "$reach_now" ]; then
            SAYS="$2 does not exist"
            return 2
        fi
    done
}

# anything FILE: whether something stands there, be it a link to nowhere
anything() {
    [ -e "$1" ] || [ -h "$1" ]
}

# look FILE: sets INODE, RIGHTS, LINKS, OWNER, GROUP and SIZE; false where they cannot be told
look() {
    # only with -e AIX shows an access control list, as a plus behind the mode, and a minus where there is none
    [ -n "$LISTED" ] || case $(uname -s) in
        AIX) LISTED=-dile ;;
        *) LISTED=-dil ;;
    esac
    # shellcheck disable=SC2046 # the fields of a row
    set -- $(ls "$LISTED" "$1" 2> /dev/null) '' '' '' '' '' ''
    INODE=$1 RIGHTS=$2 LINKS=$3 OWNER=$4 GROUP=$5 SIZE=$6
    case $LISTED$RIGHTS in
        -dile??????????[+-] | -dil[!e]?????????*) [ -n "$SIZE" ] ;;
        *) return 1 ;;
    esac
}

# open_to_others FILE: whether others than its owner may write there, or it cannot be told; RIGHTS is what was seen
open_to_others() {
    look "$1" || return 0
    case $RIGHTS in
        ?????w* | ????????w* | *+) return 0 ;;
    esac
    return 1
}

# plain END PATH: sets FILE; false unless a regular file of one name is there, reached through no link
plain() {
    reach "$1" "$2" || return $?
    if [ -h "$FILE" ]; then
        SAYS="$2 is a link"
        return 1
    elif [ ! -e "$FILE" ]; then
        SAYS="$2 does not exist"
        return 2
    elif [ ! -f "$FILE" ]; then
        SAYS="$2 is no regular file"
        return 1
    fi
    SAYS="what $2 is cannot be told (ls)"
    look "$FILE" || return 1
    SAYS="$2 has $LINKS hard links"
    [ "$LINKS" = 1 ]
}

# sum_of FILE: sets SUM to checksum and size; of what cannot be read to something that no other sum is equal to
sum_of() {
    # shellcheck disable=SC2046 # two words
    set -- $(cksum < "$1") '' ''
    SUM="$1 $2"
    case $SUM in
        [0-9]*' '[0-9]*) return 0 ;;
    esac
    UNREAD=$((${UNREAD:-0} + 1))
    SUM="unread $$.$UNREAD"
    return 1
}

# file_system FILE: sets FILE_SYSTEM to what is mounted there and where, and FREE to its free KB
file_system() {
    file_system_row=$(df -Pk "$1" 2> /dev/null | awk 'NR > 1 { row = row " " $0 } END { print row }')
    FREE=$(printf '%s\n' "$file_system_row" | awk '{ for (i = 3; i < NF; i++) if ($i ~ /%$/) { kb = $(i - 1); if (kb > 1000000000) kb = 1000000000; print kb; exit } }')
    FILE_SYSTEM=$(printf '%s\n' "$file_system_row" | awk '{
        for (i = 3; i < NF; i++) if ($i ~ /%$/) { for (j = i + 1; j <= NF; j++) at = at " " $j; print $1 at; exit }
    }')
}

# mount_point FILE: whether a file system is mounted there, as far as df tells
mount_point() {
    file_system "$1"
    mount_point_own=$FILE_SYSTEM
    file_system "$(dirname "$1")"
    [ -z "$mount_point_own" ] || [ -z "$FILE_SYSTEM" ] || [ "$mount_point_own" != "$FILE_SYSTEM" ]
}

# -- lock and run

# make_state: the state directories of the ends that are changed
make_state() {
    for make_end in $ACT; do
        at "$make_end"
        make_above=$(dirname "$STATE")
        [ -d "$make_above" ] || mkdir -p "$make_above" || give_up "$make_above cannot be made"
        for make_one in "$STATE" "$STATE/scripts" "$DIR" "$DIR/backup" "$DIR/log" "$DIR/work"; do
            own_directory "$make_one"
        done
    done
}

# own_directory DIRECTORY: is there, is no link, belongs to who runs this, and nobody else may write in it
own_directory() {
    [ ! -h "$1" ] || give_up "refused: $1 is a link"
    [ -d "$1" ] || mkdir -m 700 "$1" || give_up "$1 cannot be made"
    ! open_to_others "$1" || give_up "refused: $1 may be written by others (${RIGHTS:-ls does not tell})"
    [ "$OWNER" = "$(id -un)" ] || give_up "refused: $1 belongs to $OWNER"
}

# lock_all: the locks of all ends that are changed, the target's first
lock_all() {
    for lock_end in $ACT; do
        at "$lock_end"
        case "$LOCKED" in
            *"|$STATE/lock.d|"*) continue ;;
        esac
        lock_one "$STATE/lock.d"
        LOCKED="$LOCKED|$STATE/lock.d|"
    done
}

# lock_one DIRECTORY: the lock that `nimdoctor fix` takes too; one whose process is gone is taken over
lock_one() {
    ! mkdir -m 700 "$1" 2> /dev/null || {
        (umask 077 && printf '%s\n' "$$" > "$1/pid")
        return
    }
    [ -d "$1" ] && [ ! -h "$1" ] || give_up "refused: $1 is no directory: look at it, then remove it"
    lock_pid=''
    lock_tries=0
    # its maker may have had no time yet to say who it is
    while [ "$lock_tries" -lt 10 ]; do
        lock_pid=$(cat "$1/pid" 2> /dev/null)
        [ -z "$lock_pid" ] || break
        lock_tries=$((lock_tries + 1))
        sleep 1
    done
    case $lock_pid in
        *[!0-9]*) give_up "refused: $1/pid is no number: look at it" ;;
    esac
    if [ -n "$lock_pid" ] && [ "$lock_pid" != "$$" ] && kill -0 "$lock_pid" 2> /dev/null; then
        give_up "refused: process $lock_pid (ps -fp $lock_pid) holds $1: wait for its end, or remove that if nothing of nimdoctor runs"
    fi
    mv "$1" "$1.stale.$$" 2> /dev/null || give_up "refused: somebody else takes $1 just now: try again"
    lock_moved=$(cat "$1.stale.$$/pid" 2> /dev/null)
    if [ "$lock_moved" != "$lock_pid" ]; then
        mv "$1.stale.$$" "$1"
        give_up "refused: somebody else takes $1 just now: try again"
    fi
    rm -f "$1.stale.$$/pid"
    rmdir "$1.stale.$$"
    mkdir -m 700 "$1" 2> /dev/null || give_up "refused: somebody else takes $1 just now: try again"
    (umask 077 && printf '%s\n' "$$" > "$1/pid")
}

# let_go: gives back the locks and clears what was only for this start
let_go() {
    let_go_status=$?
    # $$ is that of the script in a subshell too, which must give nothing back
    [ "$(exec sh -c 'echo "$PPID"')" = "$$" ] || exit "$let_go_status"
    trap '' INT TERM HUP
    [ -z "$WORK" ] || rm -rf "$WORK"
    let_go_rest=$LOCKED
    while [ -n "$let_go_rest" ]; do
        let_go_rest=${let_go_rest#'|'}
        let_go_one=${let_go_rest%%'|'*}
        let_go_rest=${let_go_rest#*'|'}
        [ "$(cat "$let_go_one/pid" 2> /dev/null)" != "$$" ] || {
            rm -f "$let_go_one/pid"
            rmdir "$let_go_one"
        }
    done
    exit "$let_go_status"
}

# no_other_run: neither an unfinished run of `nimdoctor fix` nor a command that a killed script left running
no_other_run() {
    for other_end in $ACT; do
        at "$other_end"
        for other_journal in "$STATE"/runs/*/journal.jsonl; do
            [ -f "$other_journal" ] || continue
            other_state=$(journal_state "$other_journal")
            case $other_state in
                complete | applied-unverified | restored | rolled-back | abandoned) ;;
                *)
                    other_run=${other_journal%/journal.jsonl}
                    give_up "refused: run ${other_run##*/} of nimdoctor is $other_state: nimdoctor fix --resume or nimdoctor rollback ${other_run##*/} first"
                    ;;
            esac
        done
        for other_journal in "$STATE"/changes/*/begun; do
            [ ! -f "$other_journal" ] || give_up "refused: $other_journal is of a change package that is not complete: its apply.ksh first"
        done
        if [ -f "$DIR/child" ]; then
            read -r other_pid other_words < "$DIR/child"
            case $other_pid in
                '' | *[!0-9]*) give_up "refused: $DIR/child names no process: see that no command of an earlier start runs, then remove it" ;;
            esac
            ! runs_still "$other_pid" "${other_words##*/}" || give_up "refused: a command of an earlier start still runs (ps -fp $other_pid: $other_words): wait for its end"
            rm -f "$DIR/child"
        fi
    done
}

# runs_still PROCESS WORD: whether it is alive and one with that word among its arguments, or ps does not tell
runs_still() {
    kill -0 "$1" 2> /dev/null || return 1
    runs_args=$(ps -p "$1" -o args 2> /dev/null | sed 1d)
    case $runs_args in
        *defunct*) return 1 ;;
        # it may have ended between the two
        '') kill -0 "$1" 2> /dev/null ;;
        *"$2"*) return 0 ;;
        *) return 1 ;;
    esac
}

# journal_state FILE: the state of a run of `nimdoctor fix`, by its journal
journal_state() {
    awk '
        BEGIN { state = "running" }
        !/^[{].*[}]$/ { next }
        /^[{]"event":"complete"/ {
            state = "complete"
            if (match($0, /"state":"[a-z-]*"/)) state = substr($0, RSTART + 9, RLENGTH - 10)
        }
        /^[{]"event":"stopped"/ { state = "stopped" }
        /^[{]"event":"(rollback|undone)"/ { state = "rolling-back" }
        /^[{]"event":"(begin|done|resume)"/ { state = "running" }
        END { print state }
    ' "$1"
}

# name_run: the run's name, made on the first start and the same on all ends that are changed here
name_run() {
    RUN=''
    for name_end in $ACT; do
        at "$name_end"
        [ -f "$DIR/run" ] || continue
        name_found=$(cat "$DIR/run")
        case $name_found in
            [0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9]T[0-9][0-9][0-9][0-9][0-9][0-9]Z-[0-9a-f][0-9a-f][0-9a-f][0-9a-f]) ;;
            *) give_up "refused: $DIR/run holds no name of a run" ;;
        esac
        [ -z "$RUN" ] || [ "$RUN" = "$name_found" ] || give_up "refused: the ends are in different runs ($RUN, $name_found)"
        RUN=$name_found
    done
    [ -n "$RUN" ] || RUN=$(date -u +%Y%m%dT%H%M%SZ)-$(printf '%s %s\n' "$$" "$PLAN" | cksum | awk '{ printf "%04x\n", $1 % 65536 }')
    at "$FIRST"
    WORK=$DIR/work/$$
    rm -rf "$DIR"/work/*
    mkdir -m 700 "$WORK" "$WORK/now" || give_up "$WORK cannot be made"
}

# keep_name: the run's name stays
keep_name() {
    for name_end in $ACT; do
        at "$name_end"
        [ -f "$DIR/run" ] || write_mark "$RUN" "$DIR/run" || give_up "$DIR/run cannot be written"
    done
}

# write_mark TEXT FILE: whole or not at all
write_mark() {
    (umask 077 && printf '%s\n' "$1" > "$2.new") && mv -f "$2.new" "$2"
}

# -- steps and their marks

# is_done N, is_begun N: by the marks of an earlier or this start
is_done() {
    step "$1" && at "$END" && [ -f "$DIR/done.$1" ]
}

is_begun() {
    step "$1" && at "$END" && [ -f "$DIR/begun.$1" ]
}

# acts N: whether this start changes the end of that step
acts() {
    step "$1"
    case " $ACT " in
        *" $END "*) return 0 ;;
    esac
    return 1
}

# in_leg: whether the leg was begun and is not done, so that the only way is forward
in_leg() {
    in_leg_some='' in_leg_rest=''
    for in_leg_step in $STEPS; do
        step "$in_leg_step"
        [ -n "$LEG" ] || continue
        at "$END" || continue
        if [ -f "$DIR/done.$in_leg_step" ]; then
            in_leg_some=yes
        else
            [ ! -f "$DIR/begun.$in_leg_step" ] || in_leg_some=yes
            in_leg_rest=yes
        fi
    done
    [ -n "$in_leg_some" ] && [ -n "$in_leg_rest" ]
}

# where_things_stand: a line a step
where_things_stand() {
    for stand_step in $STEPS; do
        step "$stand_step"
        stand_word='not looked at: its end is not here'
        if at "$END"; then
            stand_word='not done'
            [ ! -f "$DIR/begun.$stand_step" ] || stand_word='begun, not done'
            [ ! -f "$DIR/done.$stand_step" ] || stand_word='done'
            [ ! -f "$DIR/stands.$stand_step" ] || stand_word="$(cat "$DIR/stands.$stand_step")"
            [ ! -f "$DIR/open.$stand_step" ] || stand_word="$(cat "$DIR/open.$stand_step")"
        fi
        say "  step $stand_step ($END) $TITLE: $stand_word"
    done
}

# need WORDS CONDITION END ARGUMENT...: reads a condition; MISSED gathers what does not hold, VERDICTS a digit each
need() {
    need_words=$1
    shift
    case $LENIENT$1 in
        yesfile_is | yesfile_absent | yeslibrary_copy_is | yesmode_is | yesrenamable) return 0 ;;
        newcertificate_new)
            VERDICTS=${VERDICTS}3
            return 0
            ;;
    esac
    case "$KNOWN" in
        *"|$*|"*)
            VERDICTS=${VERDICTS}0
            return 0
            ;;
    esac
    SAYS='' need_all=$*
    "$@"
    need_code=$?
    VERDICTS=$VERDICTS$need_code
    case $need_code in
        0)
            # what holds a bar could be taken for another one
            case "$need_all" in
                *"|"*) ;;
                *) KNOWN="$KNOWN|$need_all|" ;;
            esac
            ;;
        3)
            case "$NOTED" in
                *"|$need_words|"*) ;;
                *)
                    NOTED="$NOTED|$need_words|"
                    say "note: not looked at from here, the $2 is elsewhere: $need_words"
                    ;;
            esac
            ;;
        *)
            MISSED="$MISSED
  $need_words
    but: ${SAYS:-it cannot be told}"
            ;;
    esac
}

# look_at LIST: reads all conditions of a list anew; false when one does not hold
look_at() {
    MISSED='' VERDICTS=''
    "$1"
    [ -z "$MISSED" ]
}
