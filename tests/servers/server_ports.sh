# shellcheck shell=bash
# Free ports and owned processes, for the servers beside this file. Sourced.

# Below the range from which the kernel takes ports for connections, above what services use.
port_min=20000
port_max=31900

port_is_free() {
    ! (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

# Prints the first of $1 ports in a row that nobody listens on now. Another process may be quicker:
# who starts a server on it tries again when it does not come up.
free_ports() {
    local count=$1 try base offset
    for try in {1..200}; do
        base=$((port_min + (SRANDOM % (port_max - port_min))))
        for ((offset = 0; offset < count; offset++)); do
            port_is_free $((base + offset)) || continue 2
        done
        echo "$base"
        return 0
    done
    echo "no $count free ports in $try tries" >&2
    return 1
}

# Waits until a GET of $1 is answered, with whatever status; fails after $2 seconds.
wait_until_answered() {
    local url=$1 seconds_max=$2 deadline=$((SECONDS + $2))
    until curl --noproxy '*' --silent --output /dev/null --max-time 5 "$url"; do
        if ((SECONDS >= deadline)); then
            echo "$url does not answer after $seconds_max s" >&2
            return 1
        fi
        sleep 0.05
    done
}

# Makes a bucket with one signed request.
make_bucket() {
    local endpoint=$1 access_key=$2 secret_key=$3 bucket=$4 status
    status=$(curl --noproxy '*' --silent --output /dev/null --write-out '%{http_code}' --max-time 60 \
        --aws-sigv4 aws:amz:us-east-1:s3 --user "$access_key:$secret_key" \
        --header 'x-amz-content-sha256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855' \
        --request PUT "$endpoint/$bucket")
    if [[ $status != 200 ]]; then
        echo "make bucket $bucket at $endpoint: HTTP status $status" >&2
        return 1
    fi
}

# Ends the processes whose ids are given and waits until they are gone.
end_processes() {
    local pid
    for pid in "$@"; do
        kill -KILL "$pid" 2>/dev/null || true
    done
    for pid in "$@"; do
        while kill -0 "$pid" 2>/dev/null; do sleep 0.02; done
    done
}

# stop_with_owner PID COMMAND...: in the background, runs the command once process PID has ended, so
# that not even a killed test run leaves a server behind.
stop_with_owner() {
    local owner=$1
    shift
    {
        # Signals that end the owner's group must not end the watch.
        trap '' INT TERM HUP
        while kill -0 "$owner" 2>/dev/null; do sleep 1; done
        "$@"
    } </dev/null >/dev/null 2>&1 &
    disown
}
