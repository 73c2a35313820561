# A command under a deadline that holds also when nobody is there any more to end it.

# run_command SECONDS DIRECTORIES NAME ARGUMENT...: the program of that name in the first of the directories that has it
run_command() {
    exec 3<&0
    run_by=$1 run_in=$2 run_name=$3 run_program=''
    shift 3
    for run_directory in $run_in; do
        if [ -f "$run_directory/$run_name" ] && [ -x "$run_directory/$run_name" ]; then
            run_program=$run_directory/$run_name
            break
        fi
    done
    if [ -z "$run_program" ]; then
        answered absent
        return 0
    fi
    ulimit -c 0
    if command -v perl > /dev/null; then
        # it leads a process group, by which all of it is found at the deadline
        perl -e 'setpgrp(0, 0); exec { $ARGV[0] } @ARGV' "$run_program" "$@" <&3 3<&- &
        run_child=$!
    else
        { set -m; } 2> /dev/null
        "$run_program" "$@" <&3 3<&- &
        run_child=$!
        { set +m; } 2> /dev/null
    fi
    run_watch &
    run_watcher=$!
    { wait "$run_child"; } 2> /dev/null
    run_status=$?
    kill -TERM "$run_watcher" 2> /dev/null
    { wait "$run_watcher"; } 2> /dev/null
    if [ "$?" = 99 ]; then
        answered late
    else
        answered status "$run_status"
    fi
}

# run_watch: runs beside the command and ends it at its deadline, with status 99
run_watch() {
    exec > /dev/null 2>&1 < /dev/null 3<&-
    run_sleep=''
    trap '[ -z "$run_sleep" ] || kill -KILL "$run_sleep"; exit 0' TERM
    # in steps, since mksh loses a signal that comes just before it waits
    while [ "$run_by" -gt 0 ]; do
        sleep 1 &
        run_sleep=$!
        wait "$run_sleep" || exit 0
        run_by=$((run_by - 1))
        kill -0 "$run_child" || exit 0
    done
    # what waits for the command is about to say that it is over
    trap '' TERM
    kill -KILL "-$run_child"
    kill -KILL "$run_child"
    exit 99
}
