# clients/NAME.ksh: what a client must do after its master's certificates were made anew.

usage() {
    warn "usage: $NAME [--root DIRECTORY] [--yes]"
    exit 2
}

main() {
    YES='' CLIENT_ROOT='' CLIENT_HERE=yes
    while [ "$#" -gt 0 ]; do
        case $1 in
            --yes) YES=yes ;;
            --root)
                # a simulation: that directory stands for the client
                [ "$#" -gt 1 ] && [ -d "$2" ] || usage
                CLIENT_ROOT=$(cd "$2" && pwd)
                CLIENT_STATE=$CLIENT_ROOT/var/adm/nimdoctor
                shift
                ;;
            *) usage ;;
        esac
        shift
    done
    ACT=client FIRST=client
    must_be_allowed
    make_state
    lock_all
    no_other_run
    name_run
    at client
    if [ -f "$DIR/followed" ]; then
        say "followed already (run $(cat "$DIR/followed"))"
        exit 0
    fi
    a_new_moment
    niminfo client NIM_NAME || give_up "refused: whether this client is $THIS is not known: $SAYS"
    [ "$VALUE" = "$THIS" ] || give_up "refused: this client is ${VALUE:-one whose /etc/niminfo has no NIM_NAME}, the script is for $THIS"
    client_idle client no || give_up "refused, nothing was done: $SAYS"
    not_secure_master client || give_up "refused, nothing was done: $SAYS"
    say "$THIS: its nimsh is stopped and started; pushes to it fail meanwhile"
    if [ -z "$YES" ] && [ -t 0 ]; then
        printf 'Do this now? Type yes: '
        read -r main_answer || main_answer=''
        [ "$main_answer" = yes ] || give_up "nothing was done"
    fi
    if ! cure; then
        main_why=$WHY
        a_new_moment
        subsystem client nimsh
        [ "$ACTIVE" != no ] || run_subsystem client nimsh start || say "not started: $WHY"
        a_new_moment
        crypto client
        give_up "failed: $main_why; nimsh has crypto ${CRYPTO:-in an unknown state}: mend the cause, then this script again"
    fi
    main_tries=0
    while :; do
        a_new_moment
        subsystem client nimsh
        crypto client
        [ "$ACTIVE $CRYPTO" != 'yes on' ] || break
        main_tries=$((main_tries + 1))
        [ "$main_tries" -lt "$SETTLING" ] || give_up "failed: nimsh is ${ACTIVE:-unknown}, crypto ${CRYPTO:-unknown}: not seen to run with -c"
        sleep 1
    done
    at client
    write_mark "$RUN" "$DIR/followed"
    say "followed"
    exit 0
}
