"""Files that are wrong, each with every message that it gets: `line:column: what and how to mend it`."""

# ruff: noqa: E501

from __future__ import annotations

WRONG: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        "steps: [use: outage-then-recovery]\n",
        ("1:14: 'outage-then-recovery' is several rules: `use` takes the steps of one flow",),
    ),
    (
        "steps: [200, {expect: PRACK}, 200]\n",
        (
            "1:31: 200 can never be sent: 200 in line 1 was the final response: `expect` a request to respond to first, or put this step before it",
        ),
    ),
    (
        "steps: [183, {expect: INFO}, 200, 180, 200, 200]\n",
        (
            "1:45: 200 can never be sent: 200 in line 1 was the final response: `expect` a request to respond to first, or put this step before it",
        ),
    ),
    (
        "steps: [100\n",
        ("2:1: not YAML: expected ',' or ']', but got '<stream end>': look for a missing comma, bracket or brace",),
    ),
    ("steps: [100]\nsteps: [200]\n", ("2:1: 'steps' stands here twice (first in line 1): keep one of them",)),
    ("steps: !!seq [100]\n", ("1:8: a tag (!!seq): leave it out: nothing here needs one",)),
    ("- 100\n", ("1:1: a scenario file is a mapping (did you mean `steps: [...]`?)",)),
    ("just text\n", ("1:1: a scenario file is a mapping: such as `steps: [100, 180, 200]`",)),
    ("steps: 486\n", ("1:8: 'steps' takes a list of steps, such as [100, 180, 2s, 486] (did you mean [486]?)",)),
    ("steps: []\n", ("1:8: 'steps' is empty: it takes a list of steps, such as [100, 180, 2s, 486]",)),
    ("steps:\n", ("1:7: 'steps' has no value: it takes a list of steps, such as [100, 180, 2s, 486]",)),
    ("name: x\n", ("1:1: neither 'steps' nor 'rules' in this file: the smallest flow is `steps: [100, 180, 200]`",)),
    ("name: x\nstep: [100]\n", ("2:1: unknown key 'step' in a scenario file (did you mean 'steps'?)",)),
    (
        "steps: [100]\n---\nsteps: [200]\n",
        ("2:1: a second document in one file: put each flow into a file of its own, or all of them under `rules:`",),
    ),
    (
        "match: {user: *97}\nsteps: [486]\n",
        ("1:15: not YAML: found undefined alias '97': quote a text that begins with *, such as '*97'",),
    ),
    (
        "match:\n  user: #31#\nsteps: [486]\n",
        ("2:8: 'user' has no value: a # behind a space begins a comment: quote the value",),
    ),
    (
        "steps: [{respond: 486, headers: {X: ${request.uri}}}]\n",
        (
            "1:38: not YAML: expected ',' or '}', but got '{': quote it: inside [ ] and { } YAML takes the brace of ${ for its own, so write \"${...}\"",
        ),
    ),
    (
        "<<: 1\nsteps: [100]\n",
        ("1:1: unknown key '<<' in a scenario file: YAML 1.2 has no merge keys: use `define` and `use`",),
    ),
    ("steps: [486]\nrules: [{steps: [486]}]\n", ("1:1: 'steps' beside 'rules': it belongs in each rule",)),
    ("rules: []\n", ("1:8: 'rules' is empty: it takes a list of rules",)),
    ("rules: [486]\n", ("1:9: a rule is a mapping: write - match: ... and steps: [...]",)),
    ("rules: [{match: {user: x}}]\n", ("1:9: a rule without 'steps': say what happens: steps: [486]",)),
    ("steps: [486]\ntimers: {t5: 1s}\n", ("2:10: unknown key 't5' in 'timers': known are t1, t2 and t4",)),
    ("steps: [486]\ntimers: {t1: 2h}\n", ("2:14: 't1' cannot be 7200 seconds: 1ms to 1h",)),
    (
        "steps: [486]\ncodes: {700: {phrase: x}}\n",
        ("2:9: '700' is no status code: they go from 100 to 699 (RFC 3261 section 7.2)",),
    ),
    (
        "steps: [486]\ncodes: {299: Fine}\n",
        ("2:14: '299' takes a mapping: such as {phrase: Fine, headers: {Retry-After: 5}}",),
    ),
    (
        "steps: [486]\ncodes: {299: {phrase: '${call.id}'}}\n",
        ("2:23: the phrase of code 299 has a name in it: names work in steps only",),
    ),
    ("steps: [486]\nseed: x\n", ("2:7: 'seed' takes a whole number: not 'x'",)),
    ("steps: [486]\nusers: {alice: }\n", ("2:15: 'alice' has no value: it takes a text",)),
    (
        "steps: [486]\nusers: {alice: {password: x, ha1: y}}\n",
        ("2:9: user 'alice' has no secret, or two: give either 'password' or 'ha1'",),
    ),
    (
        "steps: [486]\nusers: {alice: {ha1: zz}}\n",
        ("2:22: 'ha1' is no hash: 32 hexadecimal digits (MD5), or 64 (SHA-256)",),
    ),
    ("define: {ring: [180]}\nsteps: [486]\n", ("1:10: nobody uses 'ring': write `- use: ring`, or take it out",)),
    (
        "define: {ring: 180}\nsteps: [use: ring]\n",
        (
            "1:16: 'ring' takes a list of steps, such as [100, 180, 2s, 486] (did you mean [180]?)",
            "2:14: nothing is called 'ring' (did you mean 'forking'?)",
        ),
    ),
    (
        "define: {a: [use: b], b: [use: a]}\nsteps: [use: a]\n",
        ("1:32: 'a' uses 'b' uses 'a': that has no end: take one `use` out",),
    ),
    (
        "define: {ring: [180]}\nsteps: [ring, {use: ring}, 486]\n",
        ("2:9: unknown step 'ring' (did you mean `use: ring`?)",),
    ),
    (
        "define: {ring: [180]}\nsteps: [{use: rong}, {use: ring}, 486]\n",
        ("2:15: nothing is called 'rong' (did you mean 'ring'?)",),
    ),
    (
        "name: 486\nsteps: [486]\n",
        ("1:7: '486' cannot be a name: it begins with a letter, then letters, digits, - and _",),
    ),
    ("per: caller\nsteps: [486]\n", ("1:1: 'per' without 'times': say how many: times: 2",)),
    ("times: 0\nsteps: [486]\n", ("1:8: 'times' takes a whole number from 1 on: not '0'",)),
    ("times: 2\nper: callers\nsteps: [486]\n", ("2:6: 'per' cannot be 'callers' (did you mean 'caller'?)",)),
    ("unchecked: [requier]\nsteps: [486]\n", ("1:13: 'unchecked' cannot be 'requier' (did you mean 'require'?)",)),
    (
        "cancel: igore\nsteps: [486]\n",
        ("1:9: 'cancel' takes fail, ignore, or a list of steps (did you mean 'ignore'?)",),
    ),
    (
        "steps: [log: '${request.header.X Y}', 486]\n",
        ("1:15: unknown name '${request.header.X Y}' (did you mean 'request.header.NAME'?)",),
    ),
    ("cancel: maybe\nsteps: [486]\n", ("1:9: 'cancel' takes fail, ignore, or a list of steps: not 'maybe'",)),
    (
        "meanwhile: {CANCEL: [200]}\nsteps: [486]\n",
        ("1:13: CANCEL gets no response of ours: `cancel:` says what it does",),
    ),
    (
        "meanwhile: {INFO: 415}\nsteps: [486]\n",
        ("1:19: 'INFO' takes a list of steps, such as [100, 180, 2s, 486] (did you mean [415]?)",),
    ),
    (
        "unchecked: all\nsteps: [no]\n",
        (
            "2:9: unknown step 'no': a step is a code such as 180, a duration such as 2s, or a mapping such as {respond: 486, reason: Busy}",
        ),
    ),
    ("match: bob\nsteps: [486]\n", ("1:8: 'match' takes a mapping such as {method: INVITE, user: bob}: not 'bob'",)),
    ("match: {method: invite}\nsteps: [486]\n", ("1:17: 'invite' is no method (did you mean 'INVITE'?)",)),
    (
        "match: {method: ACK}\nsteps: [486]\n",
        ("1:8: no call begins with ACK or CANCEL: `expect` them in the steps of an INVITE",),
    ),
    ("match: {usr: bob}\nsteps: [486]\n", ("1:9: unknown key 'usr' in 'match' (did you mean 'user'?)",)),
    ("match: {user: {regx: b}}\nsteps: [486]\n", ("1:16: unknown key 'regx' in 'user' (did you mean 'regex'?)",)),
    (
        "match: {user: {regex: '('}}\nsteps: [486]\n",
        (
            "1:23: not a regular expression: missing ), unterminated subpattern at position 0: single quotes keep a \\ as it is",
        ),
    ),
    (
        "match: {user: {regex: '(a+)+$'}}\nsteps: [486]\n",
        (
            "1:23: this regular expression can take very long (a repetition inside a repetition, or alternatives that begin alike inside one): make it simpler, or possessive (*+, ++)",
        ),
    ),
    (
        "match: {user: {prefix: a, contains: b}}\nsteps: [486]\n",
        ("1:27: 'user' has several operators: one is allowed, or at_least with at_most",),
    ),
    ("match: {user: {at_least: x}}\nsteps: [486]\n", ("1:26: 'at_least' takes a number: not 'x'",)),
    (
        "match: {user: {present: yes}}\nsteps: [486]\n",
        ("1:25: 'present' takes true or false: YAML 1.2 reads yes as a text, write true",),
    ),
    (
        "match: {source: 300.1.1.1}\nsteps: [486]\n",
        ("1:17: '300.1.1.1' is no address or network: such as 192.0.2.7 or 192.0.2.0/24",),
    ),
    ("match: {transport: upd}\nsteps: [486]\n", ("1:20: 'transport' cannot be 'upd' (did you mean 'udp'?)",)),
    (
        "match: {sdp: {direction: sendonlee}}\nsteps: [486]\n",
        ("1:26: 'direction' cannot be 'sendonlee' (did you mean 'sendonly'?)",),
    ),
    (
        "match: {sdp: {}}\nsteps: [486]\n",
        ("1:14: 'sdp' takes true, false, or attributes such as {direction: sendonly}: not an empty mapping",),
    ),
    (
        "match: {authenticated: true}\nsteps: [486]\n",
        ("1:9: nobody can be authenticated: say who may: users: {alice: secret}",),
    ),
    (
        "match: {user: []}\nsteps: [486]\n",
        ("1:15: 'user' takes a text, a list of texts, or one operator such as {prefix: '+49'}: not an empty list",),
    ),
    (
        "match: {header: {'Bad Name': x}}\nsteps: [486]\n",
        ("1:18: 'Bad Name' cannot be a name in SIP: only letters, digits and -.!%*_+`'~ (RFC 3261 section 25.1)",),
    ),
    (
        "match: {absent: []}\nsteps: [486]\n",
        ("1:17: 'absent' takes a header name or a list of them: not an empty list",),
    ),
    ("match: {from: {usr: x}}\nsteps: [486]\n", ("1:16: unknown key 'usr' in 'from' (did you mean 'user'?)",)),
    (
        "match: {within: 2s}\nsteps: [486]\n",
        ("1:9: unknown key 'within' in 'match': it belongs in 'expect', 'challenge' or 'send'",),
    ),
    ("steps: [99]\n", ("1:9: 99 is neither a status code (100 to 699) nor a duration (did you mean 99s?)",)),
    ("steps: [2]\n", ("1:9: 2 is neither a status code (100 to 699) nor a duration (did you mean 2s?)",)),
    ("steps: [1.5]\n", ("1:9: '1.5' is a duration without a unit (did you mean 1.5s?)",)),
    ("steps: [700]\n", ("1:9: 700 is no status code: they go from 100 to 699 (RFC 3261 section 7.2)",)),
    (
        "steps: [0486]\n",
        (
            "1:9: unknown step '0486': a step is a code such as 180, a duration such as 2s, or a mapping such as {respond: 486, reason: Busy}",
        ),
    ),
    (
        "steps: [2x]\n",
        (
            "1:9: unknown step '2x': a step is a code such as 180, a duration such as 2s, or a mapping such as {respond: 486, reason: Busy}",
        ),
    ),
    ("steps: [hang]\n", ("1:9: unknown step 'hang' (did you mean 'hangup'?)",)),
    ("steps: [hangup: 3]\n", ("1:17: 'hangup' takes no value: write `- hangup`",)),
    ("steps: [[180]]\n", ("1:9: a list is no step: `unordered`, `fork` and `choose` take lists",)),
    (
        "steps: [{}]\n",
        (
            "1:9: an empty step: a step is a code such as 180, a duration such as 2s, or a mapping such as {respond: 486, reason: Busy}",
        ),
    ),
    (
        "steps: [~]\n",
        (
            "1:9: an empty step: a step is a code such as 180, a duration such as 2s, or a mapping such as {respond: 486, reason: Busy}",
        ),
    ),
    ("steps: [respond]\n", ("1:9: 'respond' has no value: write `- respond: ...`, a space behind the colon",)),
    ("steps: [respnd: 486]\n", ("1:9: unknown step 'respnd' (did you mean 'respond'?)",)),
    ("steps: [{respond: 486, reson: x}]\n", ("1:24: unknown key 'reson' in 'respond' (did you mean 'reason'?)",)),
    (
        "steps: [{respond: 180, wait: 2s}]\n",
        ("1:24: two steps in one item: 'respond' and 'wait': give each a - of its own",),
    ),
    ("steps: [{reason: x}]\n", ("1:10: 'reason' is no step: it stands beside `respond`",)),
    (
        "steps: [{respond: '486'}]\n",
        ("1:19: 'respond' takes a status code from 100 to 699: a number, so without quotes",),
    ),
    (
        "steps: [{respond: 486, headers: Retry-After}]\n",
        ("1:33: 'headers' takes header names with texts, such as {Retry-After: 5}: not 'Retry-After'",),
    ),
    (
        "steps: [{respond: 486, headers: {Retry-After: }}]\n",
        ("1:46: 'Retry-After' has no value: it takes a text or a list of texts",),
    ),
    (
        "steps: [{respond: 486, headers: {Retry-After: {a: b}}}]\n",
        ("1:47: 'Retry-After' takes a text or a list of texts: not a mapping",),
    ),
    (
        "steps: [{respond: 486, headers: {Retry After: 1}}]\n",
        ("1:34: 'Retry After' cannot be a name in SIP: only letters, digits and -.!%*_+`'~ (RFC 3261 section 25.1)",),
    ),
    (
        "steps: [{respond: 486, headers: {Contact: a, m: b}}]\n",
        ("1:46: 'm' is 'Contact' again: give one name a list of values",),
    ),
    (
        "steps: [{respond: 486, headers: {Server: a}, remove: server}]\n",
        ("1:46: 'Server' is set and removed: keep one of the two",),
    ),
    (
        'steps: [{respond: 486, headers: {X: "a\\nB: c"}}]\n',
        ("1:37: a line break in a header: `raw` takes anything; a folded line begins with a space",),
    ),
    (
        'steps: [{respond: 486, headers: {X: "a\\0"}}]\n',
        ("1:37: a control character in a header: `raw` takes anything",),
    ),
    (
        "steps: [{respond: 180, reliable: yes}]\n",
        ("1:34: 'reliable' takes true or false: YAML 1.2 reads yes as a text, write true",),
    ),
    (
        "steps: [{respond: 200, reliable: true}]\n",
        ("1:24: 200 cannot be sent reliably: only 101 to 199 can (RFC 3262 section 3)",),
    ),
    (
        "steps: [{respond: 200, body: x, sdp: true}]\n",
        ("1:33: 'sdp' stands beside 'body': a message has one body: keep one of the two",),
    ),
    ("steps: [{respond: 200, content_type: x}]\n", ("1:24: 'content_type' without 'body': `sdp` brings its own",)),
    (
        "steps: [{respond: 200, sdp: hello}]\n",
        ("1:29: 'sdp' takes true, false, a direction, or a session description: that begins with v=0",),
    ),
    (
        "steps: [{respond: 180, contact: true}]\n",
        ("1:33: 'contact' takes a text, or false for none: leave it out for what is usual",),
    ),
    (
        "steps: [{respond: 486, raw: x, headers: {A: b}}]\n",
        ("1:32: 'headers' does nothing beside 'raw': `raw` is all of the response",),
    ),
    (
        "match: {method: REGISTER}\nsteps: [{respond: 423, bare: true}]\n",
        (
            "2:19: 423 needs Min-Expires (RFC 3261 21.4.17) and 'bare: true' leaves it out on purpose: say 'expect_broken: true' or drop 'bare'",
        ),
    ),
    (
        "steps: [{respond: 200, bare: true}]\n",
        (
            "1:19: 200 needs Contact (RFC 3261 21.2.1) and 'bare: true' leaves it out on purpose: say 'expect_broken: true' or drop 'bare'",
        ),
    ),
    ("steps: [{respond: 486, after: 2}]\n", ("1:31: '2' is a duration without a unit (did you mean 2s?)",)),
    ("steps: [wait: 2]\n", ("1:15: '2' is a duration without a unit (did you mean 2s?)",)),
    (
        "steps: [wait: 1:30]\n",
        ("1:15: 'wait' takes a duration such as 2s, {uniform: [1s, 3s]} or {normal: [2s, 300ms]}: not '1:30'",),
    ),
    ("steps: [wait: {uniform: [3s, 1s]}]\n", ("1:25: the first time is the longer one: write the shorter one first",)),
    ("steps: [wait: {uniform: [3s]}]\n", ("1:25: 'uniform' takes two durations, such as [1s, 3s]: not a list",)),
    ("steps: [wait: {gauss: [3s, 1s]}]\n", ("1:16: unknown key 'gauss' in 'wait': known are normal and uniform",)),
    (
        "steps: [wait: {}]\n",
        (
            "1:15: 'wait' takes a duration such as 2s, {uniform: [1s, 3s]} or {normal: [2s, 300ms]}: not an empty mapping",
        ),
    ),
    (
        "steps: [200d]\n",
        (
            "1:9: unknown step '200d': a step is a code such as 180, a duration such as 2s, or a mapping such as {respond: 486, reason: Busy}",
        ),
    ),
    ("steps: [200h, 200]\n", ("1:9: 200h is too long: no duration may be longer than a week",)),
    ("steps: [200, {expect: bye}]\n", ("1:23: 'bye' is no method (did you mean 'BYE'?)",)),
    (
        "steps: [200, {expect: BYE, match: {method: BYE}}]\n",
        ("1:36: 'method' says again what 'expect' says: leave it out",),
    ),
    (
        "steps: [200, {expect: BYE, otherwise: [hangup]}]\n",
        ("1:28: 'otherwise' without 'within': say how long to wait: within: 5s",),
    ),
    (
        "steps: [200, {expect: INFO, optional: true}, 2s, hangup]\n",
        ("1:14: nothing says when to go on without INFO: say how long to wait: within: 5s",),
    ),
    ("steps: [200, {use: bussy}]\n", ("1:20: nothing is called 'bussy' (did you mean 'busy'?)",)),
    (
        "match: {body: {regex: '.*a.*b.*'}}\nsteps: [486]\n",
        (
            "1:23: this regular expression can take very long (more than 2 of .* or .+): make it simpler, or possessive (*+, ++)",
        ),
    ),
    (
        "steps: [{respond: 180, sdp: maybe}]\n",
        ("1:29: 'sdp' takes true, false, a direction, or a session description: that begins with v=0",),
    ),
    (
        "steps: [{challenge: 401, users: {}}]\n",
        ("1:33: 'users' takes user names with passwords, such as {alice: secret}: not an empty mapping",),
    ),
    ("steps: [{respond: 486, compact: 1}]\n", ("1:33: 'compact' takes true or false: not '1'",)),
    ("name: [a]\nsteps: [486]\n", ("1:7: 'name' takes a name of letters, digits, - and _: not a list",)),
    ("description: {a: b}\nsteps: [486]\n", ("1:14: 'description' takes a text: not a mapping",)),
    (
        "rules: [{steps: [486]}, {name: b, match: {user: bob}, steps: [404]}]\n",
        (
            "1:32: rule 'b' can never be reached: rule 'scenario rule 1' (busy.yaml:1:9) takes every request before it: put the narrower one first, or give the other `times`",
        ),
    ),
    (
        "rules: [{name: a, times: 2, steps: [486]}, {name: a, steps: [404]}]\n",
        ("1:51: two flows are called 'a' (the other is in busy.yaml:1:16): give one another `name`",),
    ),
    (
        "rules: [{match: {user: {prefix: a}}, steps: [486]}, {name: b, match: {user: [ab, ac], header: {X: y}}, steps: [404]}]\n",
        (
            "1:60: rule 'b' can never be reached: rule 'scenario rule 1' (busy.yaml:1:9) takes every request before it: put the narrower one first, or give the other `times`",
        ),
    ),
    (
        "steps: [200, {expect: BYE, within: 2s, not_before: 3s}]\n",
        ("1:40: 'not_before' is not before the end of 'within': make it shorter",),
    ),
    (
        "steps: [200, {expect: [ACK, BYE]}]\n",
        ("1:23: steps do not respond to ACK, CANCEL and PRACK: give each an `expect` of its own",),
    ),
    (
        "steps: [200, {expect: BYE, within: 5s, optional: true, otherwise: [hangup]}]\n",
        ("1:40: 'optional' beside 'otherwise': keep one: both say what to do without it",),
    ),
    ("steps: [200, {expect: BYE, reason: x}]\n", ("1:28: unknown key 'reason' in 'expect': it belongs in 'respond'",)),
    ("steps: [challenge: 401]\n", ("1:9: nobody can answer this challenge: say who may: users: {alice: secret}",)),
    ("users: {a: b}\nsteps: [challenge: 403]\n", ("2:20: 'challenge' takes 401 or 407: not '403'",)),
    (
        "users: {a: b}\nsteps: [{challenge: 401, algorithms: [SHA-1]}]\n",
        ("2:39: 'algorithms' cannot be 'SHA-1' (did you mean 'SHA-256'?)",),
    ),
    (
        "users: {a: b}\nsteps: [486, {challenge: 401}]\n",
        ("2:14: 401 can never be sent: 486 in line 2 was the final response: put the challenge before it",),
    ),
    (
        "steps: [200, {send: CANCEL}]\n",
        ("1:21: a CANCEL cannot be sent by a step: the UAS sends it where SIP wants one",),
    ),
    ("steps: [send: BYE]\n", ("1:9: BYE has no dialog to be sent in: answer the INVITE first",)),
    (
        "steps: [486, {send: BYE}]\n",
        ("1:14: BYE has no dialog to be sent in: a final response of 300 or above leaves none",),
    ),
    (
        "steps: [200, {send: BYE}, {send: INFO}]\n",
        ("1:27: INFO has no dialog to be sent in: BYE or `hangup` ended it",),
    ),
    (
        "steps: [200, {expect: BYE}, {send: INFO}, 200, {send: INFO}]\n",
        ("1:48: INFO has no dialog to be sent in: BYE or `hangup` ended it",),
    ),
    (
        "steps: [200, {expect: BYE}, {send: INFO}]\n",
        ("1:29: INFO has no dialog to be sent in: BYE or `hangup` ended it",),
    ),
    (
        "steps: [200, {send: BYE, expect: 2x}]\n",
        ("1:34: 'expect' takes a status code, a class such as 2xx, or a list of them: not '2x'",),
    ),
    (
        "steps: [200, {send: BYE, to: x}]\n",
        (
            "1:26: BYE is not sent outside a dialog: with `to` it is INVITE, MESSAGE, NOTIFY or OPTIONS",
            "1:30: 'x' is no URI: such as sip:bob@192.0.2.9",
        ),
    ),
    (
        "match: {method: OPTIONS}\nsteps: [200, {send: OPTIONS}]\n",
        ("2:14: OPTIONS has no dialog to be sent in: OPTIONS makes none; `to` says where it goes outside a dialog",),
    ),
    (
        "steps: [200, {send: BYE, as: 1x}]\n",
        ("1:30: '1x' cannot be a name: it begins with a letter, then letters, digits, - and _",),
    ),
    (
        "steps: [notify: active]\n",
        ("1:9: NOTIFY has no subscription to be sent in: SUBSCRIBE and REFER make one: `match` or `expect` them",),
    ),
    (
        "steps: [{check: {rule: }}, 200]\n",
        ("1:23: 'rule' has no value: it takes the name of a rule for clients, or a list of them",),
    ),
    (
        "steps: [{check: {}}, 200]\n",
        ("1:17: 'check' checks nothing: it takes a mapping such as {header: {Event: presence}}",),
    ),
    ("steps: [{check: {same: From.tga}}, 200]\n", ("1:24: 'From' has no part 'tga' (did you mean 'tag'?)",)),
    ("steps: [{check: {same: Server.tag}}, 200]\n", ("1:24: 'Server' has no part 'tag': only the whole header",)),
    ("steps: [{check: {stauts: 200}}, 200]\n", ("1:18: unknown key 'stauts' in 'check' (did you mean 'status'?)",)),
    ("steps: [choose: []]\n", ("1:17: 'choose' is empty: it takes a list of {weight, steps}",)),
    (
        "steps: [choose: [486, 200]]\n",
        (
            "1:18: a branch of 'choose' is a mapping: write {weight: 1, steps: [486]}",
            "1:23: a branch of 'choose' is a mapping: write {weight: 1, steps: [486]}",
        ),
    ),
    ("steps: [choose: [{weight: 0, steps: [486]}]]\n", ("1:27: 'weight' takes a number above 0: not '0'",)),
    (
        "steps: [choose: [{weight: 1}]]\n",
        ("1:18: a branch of 'choose' has no 'steps': it needs a list of steps, such as [100, 180, 2s, 486]",),
    ),
    (
        "steps: [repeat: {steps: [180]}]\n",
        ("1:9: 'repeat' does not say how often: write times: 3, or forever: true",),
    ),
    (
        "steps: [repeat: {times: 3, forever: true, steps: [180]}]\n",
        ("1:9: 'repeat' has both 'times' and 'forever': write times: 3, or forever: true",),
    ),
    (
        "steps: [repeat: {times: 3}]\n",
        ("1:17: 'repeat' has no 'steps': it needs a list of steps, such as [100, 180, 2s, 486]",),
    ),
    (
        "steps: [repeat: {forever: true, steps: [180]}]\n",
        ("1:9: this repeats forever without waiting for anything: put a `wait` or an `expect` in it",),
    ),
    (
        "steps: [repeat: {forever: true, steps: [180, 1s]}, 200]\n",
        ("1:52: this step can never run: the flow ends in line 1: take one of them out",),
    ),
    ("steps: [repeat: 3]\n", ("1:17: 'repeat' takes a mapping such as {times: 3, steps: [...]}: not '3'",)),
    (
        "steps: [fork: {a: [180]}]\n",
        ("1:9: a fork with one branch: write its steps without `fork`, or another branch",),
    ),
    (
        "match: {method: MESSAGE}\nsteps: [fork: {a: [200], b: [486]}]\n",
        ("2:9: MESSAGE makes no early dialogs: only an INVITE can be forked here",),
    ),
    ("steps: [fork: [180, 183]]\n", ("1:15: 'fork' takes names with lists of steps: not a list",)),
    (
        "steps: [unordered: {expect: INFO}]\n",
        ("1:20: 'unordered' takes a list of steps, or of lists of steps: begin each with a dash: `- `",),
    ),
    ("steps: [use: nothing]\n", ("1:14: nothing is called 'nothing': known are scenario",)),
    (
        "steps: [set: {1x: y}, 200]\n",
        ("1:15: '1x' cannot be a name: it begins with a letter, then letters, digits, - and _",),
    ),
    ("steps: [log: , 200]\n", ("1:13: 'log' has no value: it takes a text",)),
    (
        "steps: [486, 180]\n",
        (
            "1:14: 180 can never be sent: 486 in line 1 was the final response: `expect` a request to respond to first, or put this step before it",
        ),
    ),
    (
        "steps: [100, 200, 200]\n",
        (
            "1:19: 200 can never be sent: 200 in line 1 was the final response: `expect` a request to respond to first, or put this step before it",
        ),
    ),
    ("steps: [end, 486]\n", ("1:14: this step can never run: the flow ends in line 1: take one of them out",)),
    ("steps: [{expect: ACK}, 200]\n", ("1:9: no ACK comes before a final response: send 200, 486 or the like first",)),
    (
        "steps: [200, {expect: CANCEL}]\n",
        ("1:14: no CANCEL comes after the final response in line 1: CANCEL is for what rings (RFC 3261 section 9.1)",),
    ),
    (
        "match: {method: OPTIONS}\nsteps: [200, {expect: ACK}]\n",
        ("2:14: no ACK comes for OPTIONS: only INVITE has one (RFC 3261 section 17)",),
    ),
    (
        "steps: [180, hangup, 486]\n",
        (
            "1:22: 486 can never be sent: the call is over: `expect` a request to respond to first, or put this step before it",
        ),
    ),
    (
        "steps: [{repeat: {times: 2, steps: [486]}}]\n",
        (
            "1:37: 486 can never be sent: 486 in line 1 was the final response: `expect` a request to respond to first, or put this step before it",
        ),
    ),
    ("steps: [log: '${request.usr}', 200]\n", ("1:15: unknown name '${request.usr}' (did you mean 'request.uri'?)",)),
    ("steps: [log: '${vars.x}', 200]\n", ("1:15: no step sets the variable 'x': `set` it first",)),
    (
        "steps: [set: {who: x}, log: '${vars.wo}', 200]\n",
        ("1:30: no step sets the variable 'wo' (did you mean 'who'?)",),
    ),
    (
        "steps: [log: '${match.x}', 200]\n",
        ("1:15: no regular expression has a group 'x': write (?P<NAME>...) in a regex of `match`",),
    ),
    (
        "steps: [log: '${x', 200]\n",
        ("1:15: '${' without its '}': write ${NAME} or ${NAME:-default}; $${ is a literal ${",),
    ),
    (
        "steps: [log: '${header.From}', 200]\n",
        ("1:15: unknown name '${header.From}' (did you mean 'request.header.From'?)",),
    ),
    (
        "steps: [log: '${}', 200]\n",
        ("1:15: unknown name '${}': names begin with request, call, local, registrar, vars, match, now or random",),
    ),
    (
        "fault: {}\nsteps: [486]\n",
        ("1:8: 'fault' takes a mapping such as {delay: 700ms} or {lose: ACK}: not an empty mapping",),
    ),
    (
        "fault: drop\nsteps: [486]\n",
        ("1:8: 'fault' takes a mapping such as {delay: 700ms} or {lose: ACK}: not 'drop'",),
    ),
    ("fault: {dorp: 1}\nsteps: [486]\n", ("1:9: unknown key 'dorp' in 'fault' (did you mean 'drop'?)",)),
    (
        "steps: [{respond: 486, fault: {chance: 0.5}}]\n",
        ("1:32: a chance of nothing: say what goes wrong beside it: drop: 1",),
    ),
    ("steps: [{respond: 486, fault: {drop: 0}}]\n", ("1:38: 'drop' takes a whole number from 1 on: not '0'",)),
    (
        "steps: [{respond: 486, fault: {duplicate: 1}}]\n",
        ("1:43: 'duplicate' takes a whole number from 2 on: not '1'",),
    ),
    (
        "steps: [{respond: 486, fault: {drop: 1, chance: 1.5}}]\n",
        ("1:49: 'chance' takes a number above 0, at most 1: not '1.5'",),
    ),
    ("steps: [{respond: 486, fault: {delay: 0s}}]\n", ("1:39: a delay of 0 is none: such as delay: 700ms",)),
    ("steps: [{respond: 486, fault: {delay: 3}}]\n", ("1:39: '3' is a duration without a unit (did you mean 3s?)",)),
    ("steps: [{respond: 486, fault: {reorder: false}}]\n", ("1:41: 'reorder' takes true: not 'false'",)),
    (
        "steps: [{respond: 486, fault: {corrupt: truncate}}]\n",
        ("1:41: 'corrupt' cannot be 'truncate' (did you mean 'truncated'?)",),
    ),
    ("steps: [{respond: 486, fault: {tcp: restart}}]\n", ("1:37: 'tcp' cannot be 'restart' (did you mean 'reset'?)",)),
    (
        "steps: [{respond: 486, fault: {drop: 1, tcp: reset}}]\n",
        ("1:32: 'drop' beside 'tcp': what is not sent never comes to the connection: keep one of the two",),
    ),
    (
        "steps: [{respond: 486, fault: {drop: 1, reorder: true}}]\n",
        ("1:32: 'drop' beside 'reorder': a copy that is not sent has no place to change: keep one of the two",),
    ),
    (
        "steps: [{respond: 486, fault: {tcp: reset, corrupt: truncated, duplicate: 2}}]\n",
        (
            "1:44: 'corrupt' beside 'tcp: reset': `reset` comes instead of the message: keep one of the two",
            "1:64: 'duplicate' beside 'tcp: reset': `reset` comes instead of the message: keep one of the two",
        ),
    ),
    (
        "steps: [{respond: 486, fault: {tcp: stall, duplicate: 2}}]\n",
        ("1:44: 'duplicate' beside 'tcp: stall': `stall` sends the first half of it only: keep one of the two",),
    ),
    (
        "steps: [{respond: 486, fault: {lose: ACK}}]\n",
        ("1:32: unknown key 'lose' in 'fault': it belongs in the 'fault' of a rule",),
    ),
    ("fault: {lose: ack}\nsteps: [486]\n", ("1:15: 'ack' is no method (did you mean 'ACK'?)",)),
    ("fault: {lose: {ACK: 0}}\nsteps: [486]\n", ("1:21: 'ACK' takes a whole number from 1 on: not '0'",)),
    (
        "fault: {lose: ACK, chance: 0.1}\nsteps: [486]\n",
        ("1:20: 'chance' is not about what is lost: say what goes wrong beside it: drop: 1",),
    ),
    (
        "match: {method: SUBSCRIBE}\nsteps: [200, notify: actve]\n",
        ("2:22: 'actve' is no state (did you mean 'active'?)",),
    ),
    (
        "match: {method: SUBSCRIBE}\nsteps: [200, notify: 'terminated;reason=timedout']\n",
        ("2:22: 'timedout' is no reason (did you mean 'timeout'?)",),
    ),
    (
        "match: {method: SUBSCRIBE}\nsteps: [200, notify: 'active;expires=soon']\n",
        ("2:22: 'expires' takes seconds: such as expires=60",),
    ),
    (
        "match: {method: SUBSCRIBE}\nsteps: [200, notify: 'not active']\n",
        (
            "2:22: 'not active' is no state: it is active, pending or terminated, with parameters such as ;reason=timeout (RFC 6665 section 4.1.3)",
        ),
    ),
    (
        "match: {method: SUBSCRIBE}\nsteps: [200, {notify: active, content_type: text/plain}]\n",
        ("2:31: 'content_type' without 'body': what is made for the event package has its own",),
    ),
    (
        "match: {method: SUBSCRIBE}\nsteps: [200, {notify: active, expect: 180}]\n",
        ("2:39: 'expect' is about the final response, and that is never 180: codes from 200 on",),
    ),
    (
        "match: {method: SUBSCRIBE}\nsteps: [200, {notify: active, sdp: true}]\n",
        ("2:31: unknown key 'sdp' in 'notify': it belongs in 'match', 'respond' or 'send'",),
    ),
    (
        "match: {method: SUBSCRIBE}\nsteps: [200, {notify: }]\n",
        ("2:22: 'notify' has no value: it takes a state such as active, pending or terminated;reason=timeout",),
    ),
    ("steps: [200, {send: INVITE, to: bob}]\n", ("1:33: 'bob' is no URI: such as sip:bob@192.0.2.9",)),
    (
        "steps: [200, {send: INVITE, to: 'tel:+123'}]\n",
        ("1:33: nothing can be sent to a tel URI: `to` takes sip: or sips:",),
    ),
    (
        "steps: [200, {send: BYE, to: 'sip:bob@192.0.2.9'}]\n",
        ("1:26: BYE is not sent outside a dialog: with `to` it is INVITE, MESSAGE, NOTIFY or OPTIONS",),
    ),
    (
        "steps: [200, {send: INVITE, from: 'sip:bob@192.0.2.9'}]\n",
        ("1:29: 'from' without 'to': a dialog has its From already",),
    ),
    (
        "steps: [200, {send: MESSAGE, to: 'sip:bob@192.0.2.9', dialog: leg}]\n",
        ("1:63: MESSAGE makes no dialog: only an INVITE with `to` does",),
    ),
    (
        "steps: [200, {send: INVITE, to: 'sip:bob@192.0.2.9', dialog: caller}]\n",
        ("1:62: 'caller' is the dialog of the client's request: take another name",),
    ),
    (
        "steps: [200, {send: INVITE, to: 'sip:bob@192.0.2.9', dialog: leg}, {send: BYE, dialog: lag}]\n",
        ("1:88: no step makes a dialog 'lag' (did you mean 'leg'?)",),
    ),
    (
        "steps: [200, {expect: BYE, dialog: leg}]\n",
        (
            "1:36: no step makes a dialog 'leg': write `- send: INVITE` with `to` and that `dialog`, or `caller` for the client's own",
        ),
    ),
    (
        "steps: [200, {send: INVITE, to: 'sip:${registrars.bob}'}]\n",
        ("1:38: unknown name '${registrars.bob}' (did you mean 'registrar.bob'?)",),
    ),
    (
        "steps: [200, {send: INVITE, to: 'sip:bob@192.0.2.9', expect: [100, 18x]}]\n",
        ("1:68: 'expect' takes a status code, a class such as 2xx, or a list of them: not '18x'",),
    ),
    (
        "steps: [200, {send: INVITE, to: 'sip:bob@192.0.2.9', within: 5}]\n",
        ("1:62: '5' is a duration without a unit (did you mean 5s?)",),
    ),
    (
        "include: nowhere.yaml\nsteps: [486]\n",
        ("1:10: there is no file 'nowhere.yaml': a path counts from the folder of this file",),
    ),
    ("include: []\nsteps: [486]\n", ("1:10: 'include' takes a file or a list of files: not an empty list",)),
    (
        "include: common.yml\nsteps: [486]\n",
        ("1:10: there is no file 'common.yml': a path counts from the folder of this file",),
    ),
    (
        "rules:\n  - {match: {usr: bob}, steps: [486]}\n  - {match: {user: bob}, steps: [200]}\n",
        ("2:14: unknown key 'usr' in 'match' (did you mean 'user'?)",),
    ),
    (
        "rules:\n  - {times: 2, steps: [486]}\n  - {name: all, steps: [200]}\n  - {name: late, times: 3, match: {user: bob}, steps: [603]}\n",
        (
            "4:12: rule 'late' can never be reached: rule 'all' (busy.yaml:3:12) takes every request before it: put the narrower one first, or give the other `times`",
        ),
    ),
)
