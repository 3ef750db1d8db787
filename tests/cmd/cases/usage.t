## the version
$ refheap version
refheap 0.1.0
$ refheap -V
refheap 0.1.0
$ refheap -j version
json doc == {"version": "0.1.0"}

## help exists for every command and says how to use it
$ refheap --help | head -1
Usage: refheap [OPTION]... COMMAND [ARGUMENT]...
$ refheap help | diff - <(refheap --help) && echo same
same
$ for c in new set get del append insert pop clear show list refcount is is-tracked referents referrers sizeof weakref deref weakrefs alive holders history gc adopt types type arenas verify heap sessions monitor top alert cache export import shell trace run help version; do refheap "$c" --help | head -1; done | grep -vc '^Usage: refheap '
0
= 1
$ for c in collect show count threshold enable disable is-enabled period stats debug freeze unfreeze garbage objects; do refheap gc "$c" -h | head -1; done | grep -c '^Usage: refheap gc '
14
$ refheap help gc collect | head -1
Usage: refheap gc collect [OPTION]... [GENERATION]

## without a command it is wrong usage
$ refheap 2>&1 | head -1
Usage: refheap [OPTION]... COMMAND [ARGUMENT]...
$ refheap >/dev/null 2>&1
= 2

## mistyped commands get a suggestion
$ refheap shoow a
! refheap: 'refheap' has no command 'shoow'; did you mean 'show'?
= 2
$ refheap gc colect
! refheap: 'gc' has no command 'colect'; did you mean 'collect'?
= 2
$ refheap help typess
! refheap: there is no command 'typess'; did you mean 'types'?
= 2
$ refheap frobnicate
! refheap: 'refheap' has no command 'frobnicate'; see 'refheap help'
= 2

## shell commands are not known outside
$ refheap echo hello
! refheap: 'refheap' has no command 'echo'; see 'refheap help'
= 2

## wrong options are named
$ refheap list --bogus
! refheap: 'list' has no option --bogus
= 2
$ refheap list -z
! refheap: 'list' has no option -z
= 2
$ refheap gc objects --generation
! refheap: option --generation of 'objects' needs an argument: N
= 2
$ refheap gc garbage --clear=yes
! refheap: option --clear takes no argument
= 2
$ refheap --color=pink list
! refheap: --color is auto, always or never, not 'pink'
= 2
$ refheap list --heap other
! refheap: option --heap comes before the command
= 2

## too few and too many arguments are named
$ refheap get
! refheap: 'get' needs more arguments: get PATH
= 2
$ refheap get a b
! refheap: 'get' does not know what to do with 'b'
= 2

## wrong paths say where
$ refheap get 'a..b'
! refheap: 'a..b' is not a path: .* (re)
= 2
$ refheap get 'a['
! refheap: 'a[' is not a path: something is missing at its end
= 2
$ refheap set @100000001 5
! refheap: '@100000001' is an object, not a place to put one
= 2

## wrong values are named
$ refheap set a '[1, 2'
! refheap: '[1, 2' is not a value: ',' or a closing bracket expected at its end
= 2
$ refheap set a '[1 2]'
! refheap: '[1 2]' is not a value: ',' or a closing bracket expected at '2]'
= 2
$ refheap set a '{1: 2, 3}'
! refheap: '{1: 2, 3}' is not a value: ':' expected at '}'
= 2
$ refheap set a 9223372036854775808
! refheap: 9223372036854775808 is too large: an int has 64 bits
= 2
$ refheap set a 1.5x
! refheap: '1.5x' is not a number
= 2
$ refheap set a '"open'
! refheap: '"open' is not a value: the quoted text does not end, or has an unknown escape
= 2
$ refheap set a 'Point(1)'
! refheap: 'Point(1)' is not a value: NAME=VALUE expected at '1)'
= 2
$ refheap set a '1 2'
! refheap: '1 2' is not a value: nothing more expected at '2'
= 2
$ refheap set a "$(printf '[%.0s' {1..300})"
! refheap: the value is nested deeper than 200
= 2

## bad numbers are named
$ refheap gc collect 3
! refheap: there is no generation '3': it is 0, 1 or 2
= 2
$ refheap gc threshold 700 ten
! refheap: 'ten' is not a threshold
= 2
$ refheap insert a x 1
! refheap: 'x' is not an index
= 2
$ refheap heap new h --max-bytes 10X
! refheap: --max-bytes needs a number, not '10X'
= 2
$ refheap heap set --mode 999
! refheap: '999' is not a mode: it is octal, such as 0640
= 2
$ refheap show a --depth 101
! refheap: --depth is at most 100
= 2

## weak values and what has no value are named
$ refheap set a 'weakvaluedict({1})'
! refheap: 'weakvaluedict({1})' is not a value: a dict expected at '{1})'
= 2
$ refheap set a 'weakset({1: 2})'
! refheap: 'weakset({1: 2})' is not a value: a set expected at '{1: 2})'
= 2
$ refheap set a 'weakref(5)'
! refheap: 'weakref(5)' is not a value: a path expected at '5)'
= 2
$ refheap new a weakref
! refheap: 'new PATH weakref' takes the path of an object
= 2
$ refheap new a weakkeydict 1
! refheap: 'new PATH weakkeydict' takes no values; 'set PATH weakkeydict({KEY: VALUE})' does
= 2
$ refheap history a --on 300
! refheap: --on needs a number from 1 to 256, not '300'
= 2
$ refheap history --type Node
! refheap: --type needs --on or --off
= 2
$ refheap gc period soon
! refheap: 'soon' is neither milliseconds nor 'off'
= 2
$ refheap gc period 10 -g 5
! refheap: there is no generation '5': it is 0, 1 or 2
= 2
$ refheap gc collect --wait x
! refheap: --wait needs a number of seconds, not 'x'
= 2
$ refheap monitor -e brith
! refheap: there is no event 'brith': there are heaps .* (re)
= 2
$ refheap monitor --type Node -e collections
! refheap: --type is about births, deaths, callbacks and finalizers only
= 2

## wrong kinds and flags are named
$ refheap new a foo-bar
! refheap: 'foo-bar' is neither a kind nor the name of a type
= 2
$ refheap new a int 1.5
! refheap: '1.5' is not a value of kind int
= 2
$ refheap gc debug FOO
! refheap: there is no debug flag 'FOO'
= 2
$ refheap type new list
! refheap: 'list' cannot be the name of a type
= 2

## errors in JSON follow the schema
$ refheap -j get 'a..b'
json err["error"]["code"] == "USAGE" and "a..b" in err["error"]["message"]
= 2
$ refheap list --json --bogus
json err == {"error": {"code": "USAGE", "message": "'list' has no option --bogus"}}
= 2
$ printf '\n# c\nfoo\n' | refheap -j -b -
json err["error"]["file"] == "<stdin>" and err["error"]["line"] == 3
= 2

## colours only when asked for, and NO_COLOR is honoured
$ refheap --color=always frobnicate 2>&1 | cat -v
^[[31mrefheap:^[[0m 'refheap' has no command 'frobnicate'; see 'refheap help'
$ refheap --color=never frobnicate 2>&1 | cat -v
refheap: 'refheap' has no command 'frobnicate'; see 'refheap help'
$ script -qec 'refheap frobnicate' /dev/null | grep -c $'\033'
1
$ NO_COLOR=1 script -qec 'refheap frobnicate' /dev/null | grep -c $'\033'
0
= 1

## a batch names the line and stops at the first error
$ printf 'version\n\n# comment\nnonsense\nversion\n' >batch; refheap -b batch
refheap 0.1.0
! batch:4: 'refheap' has no command 'nonsense'; see 'refheap help'
= 2
$ printf 'nonsense\nversion\n' | refheap -k -b -
refheap 0.1.0
! <stdin>:1: 'refheap' has no command 'nonsense'; see 'refheap help'
= 2
$ refheap -b /nonexistent
! refheap: cannot read '/nonexistent': No such file or directory
= 2
$ refheap -b batch version
! refheap: --batch and a command exclude each other
= 2

## completion knows commands and options
$ refheap complete -- refc
refcount
$ refheap complete -- gc co
collect
count
$ refheap complete -- gc objects --g
--generation
$ refheap complete -- gc debug S
STATS
SAVEALL
$ refheap complete -- monitor --event ses
sessions
session-new
session-end
$ refheap complete -- type new A --f
--finalizer
$ refheap complete -- gc period o
off
$ refheap complete -- --color a
auto
always

## output that cannot be written is an error
$ refheap version >/dev/full
! refheap: cannot write the output
= 1
