# What is asked of a host over a connection that may be lost at any moment: a plan's scripts are received, started
# and looked at. Each question is one of these functions; whatever they start goes on without the connection.

# asked FUNCTION WORD...: answers, or says why not
asked() {
    # a subshell, since what refuses ends the shell
    ("$@") || answered refused
}

# new_place PLAN16 DIGITS: makes the directory that scripts go into, and tells its name
new_place() {
    own_directory "$STATE"
    own_directory "$STATE/sent"
    new_name=$(date -u +%Y%m%dT%H%M%SZ)-$1-$2
    mkdir -m 700 "$STATE/sent/$new_name" || give_up "refused: $STATE/sent/$new_name cannot be made: nothing was sent"
    mkdir -m 700 "$STATE/sent/$new_name/clients" || give_up "refused: $STATE/sent/$new_name/clients cannot be made: nothing was sent"
    printf '%s\n' "$new_name"
    answered made
}

# receive PLACE FILE: what comes over the connection becomes that new file; tells its sum
receive() {
    receive_file=$STATE/sent/$1/$2
    (
        umask 077
        set -o noclobber
        cat > "$receive_file"
    ) || give_up "refused: $receive_file cannot be written: nothing was started"
    sum_of "$receive_file"
    printf '%s\n' "$SUM"
    answered received
}

# seal PLACE SUMS: notes the sums of what was sent, a line each, where the files are just that
seal() {
    (umask 077 && printf '%s\n' "$2" > "$STATE/sent/$1/sums.new") || give_up "refused: $STATE/sent/$1/sums.new cannot be written"
    as_sent "$1" sums.new
    mv -f "$STATE/sent/$1/sums.new" "$STATE/sent/$1/sums"
    sync
    answered sealed
}

# as_sent PLACE SUMS: stops where a file is not what was sent
as_sent() {
    [ -s "$STATE/sent/$1/$2" ] || give_up "refused: the scripts in $STATE/sent/$1 were never received whole: nothing was started"
    while read -r as_sum as_size as_name; do
        sum_of "$STATE/sent/$1/$as_name"
        [ "$SUM" = "$as_sum $as_size" ] || give_up "refused: $STATE/sent/$1/$as_name is not what was sent ($as_sum $as_size by cksum, now $SUM): nothing was started"
    done < "$STATE/sent/$1/$2"
}

# start PLACE SCRIPT WORD...: starts it so that it needs nobody; tells the number of this start
start() {
    start_place=$STATE/sent/$1
    as_sent "$1" sums
    shift
    start_number=1
    while [ -d "$start_place/start.$start_number" ]; do
        start_number=$((start_number + 1))
    done
    # two at once want the same number: only one gets it
    mkdir -m 700 "$start_place/start.$start_number" || give_up "refused: somebody else starts it just now"
    printf '%s\n' "$*" > "$start_place/start.$start_number/words"
    start_script=$start_place/$1
    shift
    # job control or perl give it a process group of its own, so that what is sent to ours does not reach it
    { set -m; } 2> /dev/null
    # before it begins, so that a hangup in the same moment does not find it
    trap '' HUP
    (
        exec < /dev/null > /dev/null 2>&1
        start_attend='
            "$@" > "$0/output" 2>&1 &
            printf "%s\n" "$!" > "$0/pid"
            wait "$!"
            printf "%s\n" "$?" > "$0/status.new"
            mv -f "$0/status.new" "$0/status"'
        set -- "$start_place/start.$start_number" /bin/ksh "$start_script" "$@"
        if command -v perl; then
            exec perl -e 'setpgrp(0, 0); exec { $ARGV[0] } @ARGV' /bin/sh -c "$start_attend" "$@"
        fi
        exec /bin/sh -c "$start_attend" "$@"
    ) &
    trap - HUP
    { set +m; } 2> /dev/null
    printf '%s\n' "$start_number"
    answered started
}

# tell PLACE NUMBER OFFSET: what that start has said after so many bytes, and whether it is over
tell() {
    tell_start=$STATE/sent/$1/start.$2
    [ -d "$tell_start" ] || give_up "refused: there is no $tell_start"
    # first, since what it says last stands before its status does
    how_is "$tell_start"
    tell_how=$HOW
    [ ! -f "$tell_start/output" ] || tail -c "+$(($3 + 1))" "$tell_start/output"
    # shellcheck disable=SC2086 # words
    answered $tell_how
}

# how_is START: sets HOW to `ended STATUS`, `runs PROCESS`, `gone` where it was killed, or `new` before it runs
how_is() {
    HOW=new
    if [ -s "$1/status" ]; then
        HOW="ended $(cat "$1/status")"
    elif [ -s "$1/pid" ]; then
        how_pid=$(cat "$1/pid")
        HOW=gone
        how_place=${1%/start.*}
        # after a boot another process may have the number
        ! runs_still "$how_pid" "${how_place##*/}" || HOW="runs $how_pid"
        # it may have ended since
        [ ! -s "$1/status" ] || HOW="ended $(cat "$1/status")"
    fi
}

# overview: a line for the lock, for each plan's marks and for each place
overview() {
    lock_pid=$(cat "$STATE/lock.d/pid" 2> /dev/null)
    case $lock_pid in
        '' | *[!0-9]*) ;;
        *) ! kill -0 "$lock_pid" 2> /dev/null || printf 'lock %s\n' "$lock_pid" ;;
    esac
    for overview_one in "$STATE"/scripts/*; do
        [ -f "$overview_one/state" ] || continue
        printf 'plan %s %s %s\n' "${overview_one##*/}" "$(cat "$overview_one/run" 2> /dev/null)" "$(cat "$overview_one/state")"
    done
    for overview_one in "$STATE"/sent/*; do
        [ -f "$overview_one/sums" ] || continue
        overview_last=0
        while [ -d "$overview_one/start.$((overview_last + 1))" ]; do
            overview_last=$((overview_last + 1))
        done
        HOW=new overview_words=''
        if [ "$overview_last" -gt 0 ]; then
            how_is "$overview_one/start.$overview_last"
            overview_words=$(cat "$overview_one/start.$overview_last/words")
        fi
        printf 'sent %s %s %s: %s\n' "${overview_one##*/}" "$overview_last" "$HOW" "$overview_words"
    done
    answered seen
}

# marks PLAN16: the marks of a plan's steps, a line each, and why what stands does
marks() {
    marks_of=$STATE/scripts/$1
    for marks_one in "$marks_of"/done.* "$marks_of"/begun.*; do
        [ ! -f "$marks_one" ] || printf '%s\n' "${marks_one##*/}"
    done
    for marks_one in "$marks_of"/stands.* "$marks_of"/open.*; do
        [ ! -f "$marks_one" ] || printf '%s %s\n' "${marks_one##*/}" "$(cat "$marks_one")"
    done
    for marks_one in run state; do
        [ ! -f "$marks_of/$marks_one" ] || printf '%s %s\n' "$marks_one" "$(cat "$marks_of/$marks_one")"
    done
    answered seen
}

# plan_of PLACE: the plan that was sent
plan_of() {
    as_sent "$1" sums
    cat "$STATE/sent/$1/plan.json"
    answered seen
}
