; The smallest Cloister guest: says who it is and switches off.
%include "../lib/guest.inc"

main:
        print   "hello from "
        call    own_name
        call    put_text
        print   `: one domain, one console, nothing else\n`
        ret                             ; lib/entry.inc switches off
