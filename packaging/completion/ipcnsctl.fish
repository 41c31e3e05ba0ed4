# SPDX-License-Identifier: GPL-2.0-only
# fish completion for ipcnsctl(8)

function __ipcnsctl_commands
    ipcnsctl --help 2>/dev/null | sed -n '/^Commands:/,/^$/s/^ \([a-z]*\) *\(.*\)/\1\t\2/p'
end

# The command that is being written; without one it is list.
function __ipcnsctl_command
    set -l words (commandline -opc)
    if set -q words[2]; and not string match -q -- '-*' $words[2]
        echo $words[2]
    else
        echo list
    end
end

function __ipcnsctl_is
    contains -- (__ipcnsctl_command) $argv
end

function __ipcnsctl_first
    test (count (commandline -opc)) -eq 1
end

# Columns of the table that the words so far ask for.
function __ipcnsctl_columns
    set -l words (commandline -opc)
    set -l asked (__ipcnsctl_command)
    set -l i 2
    while test $i -le (count $words)
        switch $words[$i]
            case -t --type -i --id --name
                set -l next (math $i + 1)
                test $next -le (count $words); and set -a asked $words[$i] $words[$next]
                set i $next
            case --orphans --attached --messages --waiters --undo --summary '--type=*' '--id=*' '--name=*'
                set -a asked $words[$i]
        end
        set i (math $i + 1)
    end
    # The first of those to be added has a plus in front.
    set -l lead (string match -r '^\+(?=[^,]*$)' -- (commandline -ct))
    ipcnsctl $asked --list-columns 2>/dev/null |
        string replace -r '^ *(\S+) +<\w+> +' "$lead"'$1\t'
end

function __ipcnsctl_namespaces
    if string match -q 'unit=*' -- (commandline -ct)
        ipcnsctl list -n -r -o UNIT 2>/dev/null | string match -rv '^-?$' | sort -u |
            string replace -r '^' unit=
        return
    end
    ipcnsctl list -n -r -o NS,STATE,COMMAND 2>/dev/null |
        string replace -r '^(\S+) (\S+) (.*)$' '$1\t$2 $3' | string replace -a '\x20' ' '
end

function __ipcnsctl_events
    printf '%s\n' created changed marked unlinked dying destroyed ns.dying shm.changed \
        sem.changed msg.changed shm.marked mq.unlinked
    for kind in ns shm sem msg mq
        printf '%s\n' $kind $kind.created $kind.destroyed
    end
end

# What rm takes after its own name: a namespace, a kind, and identifiers or names of queues; or
# namespaces whose orphans are meant.
function __ipcnsctl_rm
    if contains -- --orphans (commandline -opc)
        __ipcnsctl_namespaces
        return
    end
    set -l words (string match -v -- '-*' (commandline -opc))[3..]
    switch (count $words)
        case 0
            __ipcnsctl_namespaces
        case 1
            __ipcnsctl_words shm sem msg mq pshm psem
        case '*'
            set -l column ID
            contains -- $words[2] mq pshm psem; and set column NAME
            ipcnsctl objects --type $words[2] -n -r -o $column $words[1] 2>/dev/null
    end
end

function __ipcnsctl_words
    printf '%s\n' $argv
end

complete -c ipcnsctl -f
complete -c ipcnsctl -n __ipcnsctl_first -a '(__ipcnsctl_commands)'
complete -c ipcnsctl -n 'not __ipcnsctl_first; and not __ipcnsctl_is status metrics help rm' \
    -a '(__ipcnsctl_namespaces)'
complete -c ipcnsctl -n '__ipcnsctl_is help' -a '(__ipcnsctl_commands)'
complete -c ipcnsctl -n '__ipcnsctl_is exec' -a '(__fish_complete_command)'
complete -c ipcnsctl -n 'not __ipcnsctl_first; and __ipcnsctl_is rm' -a '(__ipcnsctl_rm)'
complete -c ipcnsctl -s h -l help -d 'display a help text'
complete -c ipcnsctl -s V -l version -d 'display the version'

set -l tables '__ipcnsctl_is list objects check holders limits waiters'
complete -c ipcnsctl -n $tables -s r -l raw -d 'raw output'
complete -c ipcnsctl -n $tables -s n -l noheadings -d 'no headings'
complete -c ipcnsctl -n $tables -s H -l list-columns -d 'describe columns'
complete -c ipcnsctl -n $tables -l output-all -d 'all columns'
complete -c ipcnsctl -n $tables -l wide -d 'whole command lines in raw output and JSON'
complete -c ipcnsctl -n $tables -l sort -x -d 'sort by these columns, -COLUMN descending' \
    -a '(__fish_complete_list , __ipcnsctl_columns)'
complete -c ipcnsctl -n '__ipcnsctl_is show' -s q -l quiet -d 'do not say what is missing'
complete -c ipcnsctl -n '__ipcnsctl_is status metrics' -s q -l quiet -d 'do not say what is missing'
complete -c ipcnsctl -n $tables -s q -l quiet -d 'do not say what is missing'
complete -c ipcnsctl -n '__ipcnsctl_is list objects check holders limits waiters monitor history' -l color \
    -a 'auto always never' -d 'colour output'
complete -c ipcnsctl -n $tables -s Q -l filter -x -d 'only rows that match'
complete -c ipcnsctl -n $tables -s o -l output -x -d 'columns; +LIST adds' \
    -a '(__fish_complete_list , __ipcnsctl_columns)'
complete -c ipcnsctl -n '__ipcnsctl_is list objects check holders limits waiters show' -s u -l notruncate \
    -d 'do not cut text'
complete -c ipcnsctl -n '__ipcnsctl_is list objects check holders limits waiters show' -l time-format -x \
    -a 'iso full short' -d 'how times are printed'
complete -c ipcnsctl -n '__ipcnsctl_is list objects check holders limits waiters show status monitor history' \
    -s b -l bytes -d 'sizes in bytes'
complete -c ipcnsctl -n '__ipcnsctl_is list objects check holders limits waiters show status monitor history' \
    -s J -l json -d 'JSON output'

complete -c ipcnsctl -n '__ipcnsctl_is list' -l state -x -d 'only in these states' \
    -a '(__fish_complete_list , "__ipcnsctl_words active pinned dying orphan-fs")'
complete -c ipcnsctl -n '__ipcnsctl_is list' -l tree -d 'processes below their namespace'

complete -c ipcnsctl -n '__ipcnsctl_is holders' -l summary -d 'one row for each kind and unit'

set -l check '__ipcnsctl_is check'
complete -c ipcnsctl -n $check -s t -l type -x -d 'only what concerns these kinds' \
    -a '(__fish_complete_list , "__ipcnsctl_words shm sem msg mq pshm psem")'
complete -c ipcnsctl -n $check -l all -d 'all findings, however many are alike'
complete -c ipcnsctl -n $check -l lines -d 'with -J, one finding in each line'

complete -c ipcnsctl -n '__ipcnsctl_is waiters' -l all -d 'however many objects have waiters'
complete -c ipcnsctl -n '__ipcnsctl_is waiters' -s t -l type -x -d 'only for these kinds' \
    -a '(__fish_complete_list , "__ipcnsctl_words sem msg mq")'

set -l objects '__ipcnsctl_is objects'
complete -c ipcnsctl -n $objects -s t -l type -x -d 'only these kinds' \
    -a '(__fish_complete_list , "__ipcnsctl_words shm sem msg mq pshm psem")'
complete -c ipcnsctl -n $objects -l key -x -d 'only with this key'
complete -c ipcnsctl -n $objects -l owner -x -a '(__fish_complete_users)' -d 'only of this user'
complete -c ipcnsctl -n $objects -l pid -x -a '(__fish_complete_pids)' \
    -d 'only what this process uses'
complete -c ipcnsctl -n $objects -l orphans -d 'what nobody seems to use any more'
complete -c ipcnsctl -n $objects -l older-than -x -d 'of orphans, unused for so long'
complete -c ipcnsctl -n $objects -l summary -d 'sums of orphans by unit and user'
complete -c ipcnsctl -n $objects -l attached -d 'attachments of segments'
complete -c ipcnsctl -n $objects -s i -l id -x -d 'one object'
complete -c ipcnsctl -n $objects -l name -x -d 'one POSIX queue'
complete -c ipcnsctl -n $objects -l messages -d 'only its messages'
complete -c ipcnsctl -n $objects -l waiters -d 'only who waits for it'
complete -c ipcnsctl -n $objects -l undo -d 'adjustments at the end of processes'

set -l monitor '__ipcnsctl_is monitor'
set -l stream '__ipcnsctl_is monitor history'
complete -c ipcnsctl -n $stream -s t -l type -x -d 'only about these kinds' \
    -a '(__fish_complete_list , "__ipcnsctl_words ns shm sem msg mq")'
complete -c ipcnsctl -n $stream -s e -l events -x -d 'only these events' \
    -a '(__fish_complete_list , __ipcnsctl_events)'
complete -c ipcnsctl -n $monitor -s s -l snapshot -d 'begin with what there is'
complete -c ipcnsctl -n $stream -l since -x -a 'today yesterday' -d 'begin here'
complete -c ipcnsctl -n $stream -l until -x -a 'today yesterday' -d 'end here'
complete -c ipcnsctl -n '__ipcnsctl_is history' -l journal -d 'what the systemd journal has, too'
complete -c ipcnsctl -n $stream -s q -l quiet -d 'do not say what was not recorded'
complete -c ipcnsctl -n $monitor -l strict -d 'end when events are lost or not recorded'
complete -c ipcnsctl -n $monitor -l follow-module -d 'wait while the module is not loaded'
complete -c ipcnsctl -n $monitor -l journald -d 'to the journal of systemd'
complete -c ipcnsctl -n $monitor -l state -r -F -d 'continue where the last run with this file ended'

complete -c ipcnsctl -n '__ipcnsctl_is limits' -l above -x -d 'only limits used to this percentage'

complete -c ipcnsctl -n '__ipcnsctl_is rm' -s k -l key -x -d 'an object by its key'
complete -c ipcnsctl -n '__ipcnsctl_is rm' -l in-use -d 'also what is in use'
complete -c ipcnsctl -n '__ipcnsctl_is rm' -l orphans -d 'what nobody seems to use any more'
complete -c ipcnsctl -n '__ipcnsctl_is rm' -l force -d 'remove orphans, and not only list them'
complete -c ipcnsctl -n '__ipcnsctl_is rm' -l older-than -x -d 'of orphans, unused for so long'
complete -c ipcnsctl -n '__ipcnsctl_is rm' -s t -l type -x -d 'only these kinds of orphans' \
    -a '(__fish_complete_list , "__ipcnsctl_words shm sem msg mq pshm psem")'
complete -c ipcnsctl -n '__ipcnsctl_is rm' -s q -l quiet -d 'do not say what was removed'

set -l metrics '__ipcnsctl_is metrics'
complete -c ipcnsctl -n $metrics -l top -x -d 'namespaces to name'
complete -c ipcnsctl -n $metrics -l format -x -a 'openmetrics prometheus' -d 'format of the text'
complete -c ipcnsctl -n $metrics -l listen -x -d 'answer requests by HTTP'
complete -c ipcnsctl -n $metrics -s o -l output -r -F -d 'file to write'

complete -c ipcnsctl -n '__ipcnsctl_is wait' -s t -l timeout -x -d 'wait no longer than this'
complete -c ipcnsctl -n '__ipcnsctl_is wait' -l until -x -d 'wait no longer than until then'
