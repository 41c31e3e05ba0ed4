# SPDX-License-Identifier: GPL-2.0-only
# bash completion for ipcnsctl(8)

# What --help says comes first in its lines: names of commands, or options.
_ipcnsctl_commands() {
	ipcnsctl --help 2>/dev/null | sed -n '/^Commands:/,/^$/s/^ \([a-z]*\) .*/\1/p'
}

_ipcnsctl_options() {
	ipcnsctl "$1" --help 2>/dev/null | grep -E '^ +-' |
		grep -oE '(^|[ ,])--?[A-Za-z][a-z-]*' | tr -d ' ,'
}

# Columns of the table that the words so far ask for.
_ipcnsctl_columns() {
	ipcnsctl "$@" --list-columns 2>/dev/null | awk '{ print $1 }'
}

_ipcnsctl_events() {
	local kind

	echo created changed marked unlinked dying destroyed
	for kind in ns shm sem msg mq; do
		echo $kind $kind.created $kind.destroyed
	done
	echo ns.dying shm.changed sem.changed msg.changed shm.marked mq.unlinked
}

# _ipcnsctl_list WORDS: one more word of a list with commas between
_ipcnsctl_list() {
	local lead=${cur%"${cur##*[,+-]}"} last=${cur##*[,+-]} word words=()

	for word in $1; do
		[[ ,${lead//[+-]/} == *,"$word",* ]] || words+=("$word")
	done
	mapfile -t COMPREPLY < <(compgen -P "$lead" -W "${words[*]}" -- "$last")
	# Columns may be written in lower case.
	[[ ${#COMPREPLY[@]} -gt 0 ]] ||
		mapfile -t COMPREPLY < <(compgen -P "$lead" -W "${words[*]}" -- "${last^^}")
	compopt -o nospace 2>/dev/null
	return 0
}

_ipcnsctl_words() {
	mapfile -t COMPREPLY < <(compgen -W "$1" -- "$cur")
}

# Names after "unit=" with what is typed of one. They have colons, at which words are split, too.
_ipcnsctl_units() {
	local typed=${1#unit=} names

	mapfile -t names < <(ipcnsctl list -n -r -o UNIT 2>/dev/null | grep -v '^-\?$' | sort -u)
	mapfile -t COMPREPLY < <(compgen -W "${names[*]}" -- "$typed")
	[[ $typed != *:* || $COMP_WORDBREAKS != *:* ]] ||
		COMPREPLY=("${COMPREPLY[@]#"${typed%"${typed##*:}"}"}")
}

# What stands for a namespace. Words are split at "=", so a name after "id=" is one of its own.
_ipcnsctl_namespaces() {
	case $1 in
	id) _ipcnsctl_words "$(ipcnsctl list -n -r -o NSID 2>/dev/null)" ;;
	pid) _ipcnsctl_words "$(ipcnsctl list -n -r -o PID 2>/dev/null)" ;;
	*)
		if [[ $cur == */* ]]; then
			compopt -o filenames 2>/dev/null
			mapfile -t COMPREPLY < <(compgen -f -- "$cur")
			return
		fi
		_ipcnsctl_words "$(ipcnsctl list -n -r -o NS 2>/dev/null)"
		;;
	esac
}

# What rm takes after the namespace: a kind, then identifiers of that kind, or names of queues.
_ipcnsctl_objects() {
	local kind=${words[1]}

	case $arguments:$kind in
	1:*) _ipcnsctl_words "shm sem msg mq pshm psem" ;;
	*:mq | *:pshm | *:psem) _ipcnsctl_words "$(ipcnsctl objects --type "$kind" -n -r -o NAME "${words[0]}" 2>/dev/null)" ;;
	*) _ipcnsctl_words "$(ipcnsctl objects --type "$kind" -n -r -o ID "${words[0]}" 2>/dev/null)" ;;
	esac
}

# _ipcnsctl_argument OPTION: its argument; false if it takes none
_ipcnsctl_argument() {
	case $command:$1 in
	objects:--type | objects:-t | rm:--type | rm:-t | check:--type | check:-t)
		_ipcnsctl_list "shm sem msg mq pshm psem" ;;
	waiters:--type | waiters:-t)
		_ipcnsctl_list "sem msg mq" ;;
	monitor:--type | monitor:-t | history:--type | history:-t)
		_ipcnsctl_list "ns shm sem msg mq" ;;
	monitor:--events | monitor:-e | history:--events | history:-e)
		_ipcnsctl_list "$(_ipcnsctl_events)" ;;
	metrics:--output | metrics:-o | monitor:--state)
		compopt -o filenames 2>/dev/null
		mapfile -t COMPREPLY < <(compgen -f -- "$cur")
		;;
	metrics:--format)
		_ipcnsctl_words "openmetrics prometheus" ;;
	*:--output | *:-o)
		_ipcnsctl_list "$(_ipcnsctl_columns "${asked[@]}")" ;;
	*:--sort)
		_ipcnsctl_list "$(_ipcnsctl_columns "${asked[@]}")" ;;
	list:--state)
		_ipcnsctl_list "active pinned dying orphan-fs" ;;
	*:--color)
		_ipcnsctl_words "auto always never" ;;
	*:--time-format)
		_ipcnsctl_words "iso full short" ;;
	objects:--owner)
		mapfile -t COMPREPLY < <(compgen -u -- "$cur") ;;
	*:--since | *:--until)
		# Words are split at colons: only what has none.
		_ipcnsctl_words "today yesterday" ;;
	objects:--key | rm:--key | rm:-k | objects:--pid | *:--older-than | objects:--id | \
	objects:-i | objects:--name | wait:--timeout | wait:-t | metrics:--top | metrics:--listen | limits:--above | \
	*:--filter | *:-Q)
		;;
	*)
		return 1
		;;
	esac
}

_ipcnsctl() {
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} command=list
	local commands i word words=() arguments=0 asked

	COMPREPLY=()
	commands=$(_ipcnsctl_commands)
	if [[ $COMP_CWORD -eq 1 && $cur != -* ]]; then
		_ipcnsctl_words "$commands"
		return
	fi
	[[ ${COMP_WORDS[1]} == -* ]] || command=${COMP_WORDS[1]}

	# --option=value and id=17 come as three words.
	if [[ $cur == = ]]; then
		cur=
		prev=${COMP_WORDS[COMP_CWORD - 1]}
	elif [[ $prev == = ]]; then
		prev=${COMP_WORDS[COMP_CWORD - 2]}
	fi

	# Options that choose another table, and how many arguments there are.
	asked=("$command")
	for ((i = 2; i < COMP_CWORD; i++)); do
		word=${COMP_WORDS[i]}
		case $word in
		-t | --type | -i | --id | --name | --pid)
			((i + 1 < COMP_CWORD)) || continue
			[[ ${COMP_WORDS[i + 1]} == = ]] && ((i++))
			asked+=("$word" "${COMP_WORDS[++i]}")
			;;
		--orphans | --attached | --messages | --waiters | --undo | --summary) asked+=("$word") ;;
		-*) ;;
		=) words[arguments - 1]+="=${COMP_WORDS[++i]}" ;;
		*)
			words+=("$word")
			((++arguments))
			;;
		esac
	done

	_ipcnsctl_argument "$prev" && return
	word=${COMP_LINE:0:COMP_POINT}
	if [[ ${word##* } == unit=* ]]; then
		_ipcnsctl_units "${word##* }"
		return
	fi
	if [[ $command == exec && $arguments -gt 0 ]]; then
		mapfile -t COMPREPLY < <(compgen -c -- "$cur")
	elif [[ $command == rm && $arguments -gt 0 && $cur != -* && " ${asked[*]} " != *" --orphans "* ]]; then
		_ipcnsctl_objects
	elif [[ $cur == -* ]]; then
		_ipcnsctl_words "$(_ipcnsctl_options "$command")"
	elif [[ $command == help ]]; then
		_ipcnsctl_words "$commands"
	elif [[ $command != status && $command != metrics ]]; then
		_ipcnsctl_namespaces "$prev"
	fi
}

complete -F _ipcnsctl ipcnsctl
