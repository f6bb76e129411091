; Tries everything that kernel code of a guest can try, one attempt after the other. What each must give is in Attempts.java.
%include "frame.inc"

RAM_END         equ 0x800000
HOLE            equ 0xC0000000
AREA            equ 0xD0000000
AREA_EMPTY      equ 0xDFFF0000          ; in the channel area, far behind the windows
TABLE           equ 0x8000              ; what the peer keeps in its window
FOREIGN         equ 0xBFE00000          ; mapped by the page table in the peer's window
HIGH_VA         equ 0x100000000         ; mapped to one guest-physical 2 MiB page after the other
STEP            equ 0x10000
CR4_OSFXSR      equ 1 << 9
BELLS           equ 0xC200
MARK            equ 0x600D600D600D600D

main:
        call    catch
        channel "down", down
        channel "up", up
        channel "nudge", nudge
        channel "poke", poke
        channel "talk", talk
        mov     rax, [down]
        mov     rax, [rax + ENTRY_GPA]
        mov     [window], rax
        mov     rax, [up]
        mov     rax, [rax + ENTRY_GPA]
        mov     [own], rax
        mov     rax, MARK
        mov     [marker], rax
        call    map_more
        mov     rax, cr4
        or      eax, CR4_OSFXSR
        mov     cr4, rax
        call    await_peer
        print   `prober: begins\n`
        call    memory
        call    read_only
        call    tables
        call    bells_and_requests
        call    ports
        call    registers
        call    rings
        print   `prober: done\n`
.end:   call    wait_interrupt
        jmp     .end

; map_more: page directories for what the frame doesn't map
map_more:
        lea     rdi, [page_directories + 1535 * 8]      ; FOREIGN
        mov     rax, [window]
        lea     rax, [rax + TABLE + 3]
        mov     [rdi], rax
        lea     rdi, [pdpt + 4 * 8]                     ; HIGH_VA
        lea     rax, [high_directory + 3]
        mov     [rdi], rax
        mov     rax, cr3
        mov     cr3, rax
        ret

; ------------------------------------------------------------------ memory that isn't there
memory: attempt "read-above-ram", .read_above
        attempt "write-above-ram", .write_above
        attempt "read-over-end-of-ram", .read_over
        attempt "write-over-end-of-ram", .write_over
        attempt "read-hole", .read_hole
        attempt "write-hole", .write_hole
        attempt "locked-hole", .locked_hole
        attempt "exchange-hole", .exchange_hole
        attempt "compare-hole", .compare_hole
        attempt "compare16-hole", .compare16_hole
        attempt "copy-from-hole", .copy_from
        attempt "copy-to-hole", .copy_to
        attempt "store-string-over-end", .string_over
        attempt "vector-hole", .vector_hole
        attempt "stack-in-hole", .stack_in
        attempt "answers-above-ram", .scan_above
        attempt "answers-in-hole", .scan_hole
        attempt "answers-in-area", .scan_area
        attempt "answers-high", .scan_high
        violation "read-area", .read_area
        violation "write-area", .write_area
        ret
.read_above:
        mov     ebx, RAM_END
        mov     rax, [rbx]
        ret
.write_above:
        mov     ebx, RAM_END
        mov     qword [rbx], 0x55
        mov     rax, [rbx]
        ret
.read_over:
        mov     ebx, RAM_END - 4
        mov     dword [rbx], 0x11223344
        mov     rax, [rbx]
        ret
.write_over:
        mov     ebx, RAM_END - 4
        mov     rax, 0x5566778811223344
        mov     [rbx], rax
        mov     rax, [rbx]
        ret
.read_hole:
        mov     ebx, HOLE
        movzx   eax, byte [rbx + 1]
        movzx   ecx, word [rbx + 3]
        add     eax, ecx
        mov     ecx, [rbx + 5]
        add     rax, rcx
        ret
.write_hole:
        mov     ebx, HOLE
        mov     byte [rbx], 1
        mov     word [rbx + 1], 2
        mov     dword [rbx + 3], 3
        mov     qword [rbx + 7], 4
        mov     rax, [rbx]
        ret
.locked_hole:
        mov     ebx, HOLE
        lock inc dword [rbx]
        lock bts qword [rbx], 7
        lock and qword [rbx], 7
        mov     rax, [rbx]
        ret
.exchange_hole:
        mov     ebx, HOLE
        xor     eax, eax
        xchg    [rbx], rax
        lock xadd [rbx], rax
        ret
.compare_hole:
        mov     ebx, HOLE
        mov     rax, ONES
        xor     ecx, ecx
        lock cmpxchg [rbx], rcx
        mov     rax, [rbx]
        ret
.compare16_hole:
        mov     ebx, HOLE
        mov     rdi, rbx
        mov     rax, ONES
        mov     rdx, ONES
        xor     ebx, ebx
        xor     ecx, ecx
        lock cmpxchg16b [rdi]
        mov     rax, [rdi]
        ret
.copy_from:
        mov     esi, HOLE
        lea     rdi, [buffer]
        mov     ecx, 8
        rep     movsq
        mov     rax, [buffer + 56]
        ret
.copy_to:
        lea     rsi, [buffer]
        mov     edi, HOLE
        mov     ecx, 8
        rep     movsq
        mov     ebx, HOLE
        mov     rax, [rbx]
        ret
.string_over:
        mov     edi, RAM_END - 16
        mov     ecx, 4
        mov     eax, 0x77
        rep     stosq
        mov     ebx, RAM_END - 8
        mov     rax, [rbx]
        ret
.vector_hole:
        mov     ebx, HOLE
        movdqu  xmm0, [rbx]
        movdqu  [buffer], xmm0
        movdqu  [rbx], xmm0
        mov     rax, [buffer + 8]
        ret
.stack_in:
        mov     rbx, rsp
        mov     esp, HOLE + 0x800
        push    rbx
        pop     rax
        mov     rsp, rbx
        ret
.scan_above:
        mov     ebx, RAM_END
        mov     ebp, FOREIGN
        mov     r12d, STEP
        jmp     scan
.scan_hole:
        mov     ebx, HOLE
        mov     ebp, AREA
        mov     r12d, STEP
        call    scan
        mov     r13, rax
        mov     ebx, 0xE0000000
        mov     rbp, 0x100000000
        mov     r12d, 0x4000
        call    scan
        add     rax, r13
        ret
.scan_area:
        mov     ebx, AREA
        mov     ebp, AREA + 0x300000
        mov     r12d, 0x1000
        call    scan
        mov     r13, rax
        mov     ebx, AREA + 0x300000
        mov     ebp, 0xE0000000
        mov     r12d, STEP
        call    scan
        add     rax, r13
        ret
; Every power of two that guest-physical addresses can have, and the last page of each
.scan_high:
        mov     ecx, 0
        mov     r13, 1 << 32
        xor     r14d, r14d
.high:  mov     rax, r13
        call    high_one
        lea     rax, [r13 * 2 - 0x200000]
        call    high_one
        shl     r13, 1
        bt      r13, 52
        jnc     .high
        mov     rax, r14
        ret
.read_area:
        mov     ebx, AREA_EMPTY
        mov     rax, [rbx]
        ret
.write_area:
        mov     ebx, AREA_EMPTY
        mov     dword [rbx + 8], 0x1234
        mov     rax, [rbx + 8]
        ret

; high_one: rax = guest-physical address of a 2 MiB page; counts it in r14 if it answers
high_one:
        or      rax, 0x83
        mov     [high_directory], rax
        mov     rbx, HIGH_VA
        invlpg  [rbx]
        lea     rdi, [.read]
        call    guard
        call    caught
        jnz     .none
        cmp     rax, ONES
        je      .none
        inc     r14
.none:  ret
.read:  mov     rax, [rbx]
        ret

; scan: rbx = from, rbp = to, r12 = step; prints where something answers, as FROM-LAST; result rax = how many do
scan:   xor     r14d, r14d
        xor     r15d, r15d              ; whether the last one did
.next:  mov     rax, [rbx]
        cmp     rax, ONES
        je      .none
        inc     r14d
        test    r15d, r15d
        jnz     .go
        mov     r15d, 1
        mov     rdi, rbx
        call    put_hex
        mov     al, '-'
        call    put_char
        jmp     .go
.none:  test    r15d, r15d
        jz      .go
        xor     r15d, r15d
        mov     rdi, rbx
        sub     rdi, r12
        call    put_word
.go:    add     rbx, r12
        cmp     rbx, rbp
        jb      .next
        test    r15d, r15d
        jz      .done
        mov     rdi, rbx
        sub     rdi, r12
        call    put_word
.done:  mov     rax, r14
        ret

; ------------------------------------------------------------------ the region that only the peer writes
; Each gives what stands in the window afterwards: what the peer wrote.
read_only:
        violation "ro-store", .store
        violation "ro-store-byte", .byte
        violation "ro-locked", .locked
        violation "ro-exchange", .exchange
        violation "ro-compare", .compare
        violation "ro-compare8", .compare8
        violation "ro-compare16", .compare16
        violation "ro-store-string", .string
        violation "ro-copy", .copy
        violation "ro-port-string", .port_string
        violation "ro-non-temporal", .non_temporal
        violation "ro-vector", .vector
        violation "ro-fxsave", .save
        violation "ro-swapped", .swapped
        violation "ro-fpu", .fpu
        violation "ro-push", .push
        violation "ro-over-edge", .over_edge
        violation "ro-directory", .directory
        violation "ro-pci", .pci
        attempt "ro-clear-line", .clear_line
        ret
.seen:  mov     rbx, [window]
        mov     rax, [rbx + 0x2000]
        ret
.to:    mov     rdi, [window]
        add     rdi, 0x2000
        ret
.store: call    .to
        mov     qword [rdi], 0
        jmp     .seen
; The function whose registers name the window: configuration space of slot 2 and on.
.pci:   mov     ecx, 0xE0008000
.slot:  add     ecx, 0x8000
        cmp     ecx, 0xE0100000
        jae     .none
        cmp     dword [rcx], 0x11101AF4
        jne     .slot
        mov     edx, [rcx + 0x10]
        and     edx, 0xFFFFFFF0
        mov     eax, [rdx + 0xB0]
        cmp     rax, [window]
        jne     .slot
        mov     edi, [rcx + 0x18]
        and     edi, 0xFFFFFFF0
        mov     qword [rdi + 0x2000], 0
        mov     rax, [rdi + 0x2000]
        ret
.none:  xor     eax, eax
        ret
.byte:  call    .to
        mov     byte [rdi + 3], 0
        jmp     .seen
.locked:
        call    .to
        lock inc qword [rdi]
        jmp     .seen
.exchange:
        call    .to
        xor     eax, eax
        xchg    [rdi], rax
        jmp     .seen
.compare:
        call    .to
        mov     rax, [rdi]
        xor     ecx, ecx
        lock cmpxchg [rdi], rcx
        jmp     .seen
.compare8:
        call    .to
        mov     eax, [rdi]
        mov     edx, [rdi + 4]
        xor     ebx, ebx
        xor     ecx, ecx
        lock cmpxchg8b [rdi]
        jmp     .seen
.compare16:
        call    .to
        mov     rax, [rdi]
        mov     rdx, [rdi + 8]
        xor     ebx, ebx
        xor     ecx, ecx
        lock cmpxchg16b [rdi]
        jmp     .seen
.string:
        call    .to
        xor     eax, eax
        mov     ecx, 4
        rep     stosq
        jmp     .seen
.copy:  call    .to
        lea     rsi, [buffer]
        mov     ecx, 4
        rep     movsq
        jmp     .seen
.port_string:
        call    .to
        mov     edx, COM1 + 7
        mov     ecx, 8
        rep     insb
        jmp     .seen
.non_temporal:
        call    .to
        xor     eax, eax
        movnti  [rdi], rax
        jmp     .seen
.vector:
        call    .to
        movdqu  [rdi], xmm0
        jmp     .seen
.save:  call    .to
        fxsave  [rdi]
        jmp     .seen
.swapped:
        call    .to
        xor     eax, eax
        db      0x48, 0x0F, 0x38, 0xF1, 0x07    ; movbe [rdi], rax
        jmp     .seen
.fpu:   call    .to
        fninit
        fnstcw  [rdi]
        jmp     .seen
.push:  call    .to
        mov     rbx, rsp
        lea     rsp, [rdi + 8]
        push    rbx
        mov     rsp, rbx
        jmp     .seen
.over_edge:
        mov     rbx, [window]
        mov     qword [rbx + 0xFFFC], 0  ; the other half lies in the window behind it
        mov     rax, [rbx + 0xFFF8]
        ret
.directory:
        mov     ebx, DIRECTORY
        mov     dword [rbx + 0x40], 31
        mov     eax, [rbx]
        ret
.clear_line:
        call    .to
        clflush [rdi]
        prefetcht0 [rdi]
        jmp     .seen

; ------------------------------------------------------------------ what the processor writes by itself
tables: attempt "accessed-bit", .accessed
        attempt "dirty-bit", .dirty
        attempt "dirty-bit-emulated", .dirty16
        attempt "reserved-bit", .reserved
        attempt "above-physical-width", .width
        attempt "not-canonical", .canonical
        attempt "host-kernel-text", .host_text
        attempt "host-direct-map", .host_map
        attempt "host-vsyscall", .vsyscall
        attempt "own-page-at-host-text", .own_high
        ret
.foreign:
        lea     rbx, [marker]
        mov     ecx, FOREIGN
        add     rbx, rcx
        ret
.accessed:
        call    .foreign
        mov     rax, [rbx]
        ret
.dirty: call    .foreign
        mov     rax, MARK
        mov     [rbx], rax
        mov     rax, [marker]
        ret
.dirty16:
        call    .foreign
        mov     rdi, rbx
        mov     rax, [rdi]
        mov     rdx, [rdi + 8]
        mov     rbx, rax
        mov     rcx, rdx
        lock cmpxchg16b [rdi]
        mov     rax, [marker]
        ret
.reserved:
        mov     rax, 1 << 51 | 0x83
        jmp     .through
.width: mov     eax, 0x80000008
        cpuid
        movzx   ecx, al
        mov     eax, 1
        shl     rax, cl
        or      rax, 0x83
.through:
        mov     [high_directory], rax
        mov     rbx, HIGH_VA
        invlpg  [rbx]
        mov     rax, [rbx]
        ret
.canonical:
        mov     rbx, 0x8000000000000000
        mov     rax, [rbx]
        ret
.host_text:
        mov     rbx, 0xFFFFFFFF81000000
        mov     rax, [rbx]
        ret
.host_map:
        mov     rbx, 0xFFFF888000000000
        mov     rax, [rbx]
        ret
.vsyscall:
        mov     rbx, 0xFFFFFFFFFF600000
        mov     rax, [rbx]
        ret
.own_high:
        lea     rdi, [pml4 + 511 * 8]
        lea     rax, [pdpt + 3]
        mov     [rdi], rax
        mov     rax, cr3
        mov     cr3, rax
        lea     rbx, [marker]
        mov     rax, 0xFFFFFF8000000000
        add     rbx, rax
        mov     rax, [rbx]
        ret

; ------------------------------------------------------------------ doorbells and requests
bells_and_requests:
        violation "bell-inbound-event", .inbound
        violation "bell-inbound-memory", .memory
        violation "bell-of-no-channel", .none
        attempt "bell-all-others", .others
        attempt "bell-narrow", .narrow
        attempt "bell-from-below", .below
        attempt "bell-string", .string
        attempt "bell-read", .read
        violation "request-garbage", .garbage
        violation "request-direction", .direction
        attempt "request-undeclared", .undeclared
        attempt "request-unending-name", .unending
        attempt "interrupt-others", .ipi
        ret
.inbound:
        mov     rdi, [poke]
        jmp     .of_entry
.memory:
        mov     rdi, [down]
.of_entry:
        mov     rax, DIRECTORY + 0x80
        sub     rdi, rax
        shr     rdi, 7
        lea     edx, [rdi + BELLS]
        out     dx, eax
        xor     eax, eax
        ret
.none:  call    channels
        lea     edx, [rax + BELLS]
        out     dx, eax
        xor     eax, eax
        ret
.others:
        call    channels
        lea     edx, [rax + BELLS + 1]
.bell:  out     dx, eax
        inc     edx
        cmp     edx, BELLS + 40
        jb      .bell
        xor     eax, eax
        ret
.narrow:
        mov     rdi, [nudge]
        mov     edx, [rdi + ENTRY_DOORBELL]
        out     dx, al
        out     dx, ax
        mov     rdi, [up]
        mov     edx, [rdi + ENTRY_DOORBELL]
        out     dx, al
        out     dx, ax
        xor     eax, eax
        ret
.below: mov     rdi, [nudge]
        mov     edx, BELLS - 3
        out     dx, eax
        inc     edx
        out     dx, eax
        inc     edx
        out     dx, eax
        xor     eax, eax
        ret
.string:
        lea     rsi, [buffer]
        mov     edx, BELLS + 45
        mov     ecx, 1000
        rep     outsd
        xor     eax, eax
        ret
.read:  mov     edx, BELLS
        in      eax, dx
        ret
.garbage:
        mov     ebx, REQUEST
        mov     dword [rbx + REQUEST_OP], 0x7FFFFFFF
        mov     dword [rbx + REQUEST_KIND], ONES
        jmp     .ask
.direction:
        mov     ebx, REQUEST
        mov     dword [rbx + REQUEST_OP], REQUEST_OPEN
        mov     dword [rbx + REQUEST_KIND], KIND_MEMORY
        mov     dword [rbx + REQUEST_DIRECTION], 0x80000001
.ask:   mov     dword [rbx + REQUEST_STATUS], 0
        mov     edx, REQUEST_PORT
        out     dx, eax
        mov     eax, [rbx + REQUEST_STATUS]
        ret
.undeclared:
        lea     rdi, [bystander]
        mov     esi, KIND_MEMORY
        mov     edx, DIRECTION_OUT
        call    request_channel
.answer:
        mov     r12d, 40
.wait:  call    wait_tick
        mov     ebx, REQUEST
        mov     eax, [rbx + REQUEST_STATUS]
        cmp     eax, STATUS_PENDING
        ja      .told
        dec     r12d
        jnz     .wait
.told:  ret
.unending:
        mov     edi, 30                 ; asked too often is another matter
        call    wait_ticks
        mov     edi, REQUEST + REQUEST_PEER
        mov     ecx, 4048
        mov     al, 'A'
        rep     stosb
        mov     ebx, REQUEST
        mov     dword [rbx + REQUEST_OP], REQUEST_OPEN
        mov     dword [rbx + REQUEST_KIND], KIND_MEMORY
        mov     dword [rbx + REQUEST_DIRECTION], DIRECTION_OUT
        mov     dword [rbx + REQUEST_STATUS], 0
        mov     edx, REQUEST_PORT
        out     dx, eax
        jmp     .answer
; Interrupts to processors that there aren't: fixed, NMI, INIT, start-up
.ipi:   mov     ebx, LAPIC + 0x300
        mov     dword [rbx + 0x10], 7 << 24
        mov     dword [rbx], 0x4060
        mov     dword [rbx + 0x10], 9 << 24
        mov     dword [rbx], 0x4400
        mov     dword [rbx + 0x10], 0x7F000000
        mov     dword [rbx], 0x4500
        mov     dword [rbx], 0x4608
        xor     eax, eax
        ret

; ------------------------------------------------------------------ ports
ports:  attempt "ports-that-answer", .bytes
        attempt "ports-that-answer-words", .words
        attempt "ports-zeros", .zeros
        attempt "ports-ones", .ones
        attempt "ports-string-from-hole", .from_hole
        attempt "ports-string-into-hole", .into_hole
        attempt "ports-endless-string", .endless
        ret
.bytes: xor     ebx, ebx
        xor     r14d, r14d
        xor     r15d, r15d
.byte:  mov     edx, ebx
        in      al, dx
        cmp     al, 0xFF
        setne   al
        call    port_range
        inc     ebx
        cmp     ebx, 0x10001
        jb      .byte
        mov     rax, r14
        ret
.words: xor     ebx, ebx
        xor     r14d, r14d
        xor     r15d, r15d
.word:  mov     edx, ebx
        in      eax, dx
        cmp     eax, ONES
        setne   al
        call    port_range
        inc     ebx
        cmp     ebx, 0x10001
        jb      .word
        mov     rax, r14
        ret
; All but the serial port (it would print) and the doorbells of this guest
.zeros: xor     ebx, ebx
.zero:  mov     eax, ebx
        and     eax, -8
        cmp     eax, COM1
        je      .skip
        mov     eax, ebx
        and     eax, -64
        cmp     eax, BELLS
        je      .skip
        cmp     ebx, 0xE9
        je      .skip
        cmp     ebx, 0x402
        je      .skip
        mov     edx, ebx
        xor     eax, eax
        out     dx, al
        out     dx, eax
.skip:  inc     ebx
        cmp     ebx, 0x10000
        jb      .zero
        call    quiet
        xor     eax, eax
        ret
; Besides: what ends a PC by design, and the interrupt controllers, which would wait for more
.ones:  xor     ebx, ebx
.one:   cmp     ebx, 0x500
        jb      .low
        mov     eax, ebx
        and     eax, -64
        cmp     eax, BELLS
        je      .over
        cmp     ebx, 0x604
        je      .over
        cmp     ebx, 0xCF9
        je      .over
        cmp     ebx, 0xB004
        je      .over
        mov     edx, ebx
        mov     eax, ONES
        out     dx, al
        out     dx, eax
.over:  inc     ebx
        cmp     ebx, 0x10000
        jb      .one
        call    quiet
        xor     eax, eax
        ret
.low:   cmp     ebx, 0x100
        jb      .over
        mov     eax, ebx
        and     eax, -8
        cmp     eax, COM1
        je      .over
        cmp     ebx, 0x402
        je      .over
        mov     edx, ebx
        mov     eax, ONES
        out     dx, al
        jmp     .over
.from_hole:
        mov     esi, HOLE
        mov     edx, 0x80
        mov     ecx, 4096
        rep     outsb
        mov     eax, ecx
        ret
.into_hole:
        mov     edi, RAM_END - 64
        mov     edx, COM1 + 7
        mov     ecx, 4096
        rep     insb
        mov     eax, ecx
        ret
.endless:
        lea     rsi, [buffer]
        mov     edx, 0x80
        mov     ecx, 200000
        rep     outsb
        mov     eax, ecx
        ret

; port_range: al = whether port ebx answers; prints ranges
port_range:
        movzx   eax, al
        add     r14d, eax
        cmp     eax, r15d
        je      .done
        mov     r15d, eax
        test    eax, eax
        jz      .end
        mov     edi, ebx
        call    put_hex
        mov     al, '-'
        jmp     put_char
.end:   lea     edi, [rbx - 1]
        jmp     put_word
.done:  ret

; quiet: the interrupt controllers as they were
quiet:  mov     al, 0xFF
        out     PIC1_MASK, al
        out     PIC2_MASK, al
        ret

; ------------------------------------------------------------------ registers of the machine
registers:
        attempt "msr-identifying", .identifying
        attempt "msr-measuring", .measuring
        attempt "msr-all", .all
        attempt "msr-wild-clock", .clock
        attempt "msr-wild-steal-time", .steal
        attempt "msr-wild-page-fault", .async
        attempt "msr-wild-end-of-interrupt", .eoi
        attempt "msr-reserved-bits", .efer
        attempt "pmc", .pmc
        attempt "cpuid-cloister", .cpuid
        attempt "cpuid-serial-number", .serial
        attempt "cpuid-topology", .topology
        attempt "cpuid-beyond", .beyond
        attempt "tsc-forward", .tsc
        attempt "tsc-age", .age
        attempt "debug-registers", .debug
        attempt "control-reserved", .control
        ret
; Processor numbers that name one chip: must not be there, or be 0
.identifying:
        lea     rsi, [.id_list]
        jmp     .list
.measuring:
        lea     rsi, [.measure_list]
.list:  xor     r14d, r14d
.item:  lodsd
        test    eax, eax
        jz      .listed
        mov     ecx, eax
        push    rsi
        call    read_msr
        pop     rsi
        test    rax, rax
        jz      .item
        inc     r14d
        push    rsi
        mov     edi, ecx
        call    put_word
        pop     rsi
        jmp     .item
.listed:
        mov     rax, r14
        ret
        section .data
; PPIN and its control (Intel, AMD), platform id
.id_list:
        dd      0x4E, 0x4F, 0xC00102F0, 0xC00102F1, 0x17, 0
; Energy, temperature, frequency, SMI count, performance counters, last branches
.measure_list:
        dd      0x34, 0xE7, 0xE8, 0x19C, 0x1A2, 0x1B1, 0x606, 0x611, 0x619, 0x639, 0x641, 0xC0000104, 0xC0010063
        dd      0xC0010064, 0xC001029A, 0xC001029B, 0xC00000E7, 0xC00000E8, 0xC00000E9, 0x1C9, 0x40, 0x60, 0x680, 0x6C0, 0
        section .text
.all:   xor     ebx, ebx
        mov     ebp, 0x2000
        call    msr_range
        mov     ebx, 0x40000000
        mov     ebp, 0x40000200
        call    msr_range
        mov     ebx, 0x4B564D00
        mov     ebp, 0x4B564D20
        call    msr_range
        mov     ebx, 0xC0000000
        mov     ebp, 0xC0002000
        call    msr_range
        mov     ebx, 0xC0010000
        mov     ebp, 0xC0010400
        call    msr_range
        mov     ebx, 0xC0011000
        mov     ebp, 0xC0011100
        call    msr_range
        xor     eax, eax
        ret
; A host that writes its clock into this guest's memory, told to write it elsewhere
.clock: mov     ecx, 0x4B564D01
        call    wild_msr
        mov     ecx, 0x4B564D00
        call    wild_msr
        mov     ecx, 0x12
        call    wild_msr
        mov     ecx, 0x11
        call    wild_msr
        xor     eax, eax
        ret
.steal: mov     ecx, 0x4B564D03
        jmp     .wild
.async: mov     ecx, 0x4B564D02
        jmp     .wild
.eoi:   mov     ecx, 0x4B564D04
.wild:  call    wild_msr
        xor     eax, eax
        ret
.efer:  mov     ecx, MSR_EFER
        mov     eax, ONES
        mov     edx, ONES
        wrmsr
        xor     eax, eax
        ret
.pmc:   xor     ecx, ecx
        rdpmc
        ret
.cpuid: mov     eax, 0x40000100
        cpuid
        mov     eax, ebx
        ret
.serial:
        mov     eax, 3
        cpuid
        or      eax, ebx
        or      eax, ecx
        or      eax, edx
        ret
.topology:
        mov     eax, 1
        cpuid
        shr     ebx, 24                 ; the first APIC id
        mov     r8d, ebx
        mov     eax, 0xB
        xor     ecx, ecx
        cpuid
        lea     rax, [rdx + r8]
        ret
.beyond:
        mov     eax, 0x40000200
        cpuid
        mov     eax, 0x8FFFFFFF
        cpuid
        xor     eax, eax
        ret
.tsc:   rdtsc
        shl     rdx, 32
        lea     rbx, [rax + rdx]
        rdtsc
        shl     rdx, 32
        add     rax, rdx
        cmp     rax, rbx
        seta    al
        movzx   eax, al
        ret
.age:   rdtsc                           ; in units of some minutes
        mov     eax, edx
        shr     eax, 9
        ret
.debug: mov     rax, 1 << 40
        mov     dr7, rax
        xor     eax, eax
        ret
.control:
        mov     rax, cr4
        bts     rax, 40
        mov     cr4, rax
        mov     rax, cr4
        shr     rax, 32
        ret

; read_msr: ecx = which; result rax = its value, 0 if there is none
read_msr:
        lea     rdi, [.read]
        call    guard
        call    caught
        jz      .done
        xor     eax, eax
.done:  ret
.read:  rdmsr
        shl     rdx, 32
        or      rax, rdx
        ret

; msr_range: ebx = from, ebp = to; prints those that have a value other than 0
msr_range:
        mov     ecx, ebx
        call    read_msr
        test    rax, rax
        jz      .next
        mov     edi, ebx
        call    put_word
.next:  inc     ebx
        cmp     ebx, ebp
        jb      msr_range
        ret

; wild_msr: ecx = an MSR that takes an address; gives it the peer's window, the directory, a hole, the end of RAM, nothing
wild_msr:
        mov     rax, [window]
        add     rax, 0x3001
        call    write_msr
        mov     eax, DIRECTORY + 1
        call    write_msr
        mov     eax, HOLE + 1
        call    write_msr
        mov     eax, RAM_END - 3
        call    write_msr
        mov     rax, 0x0000FFFFFFFFFFC1
        call    write_msr
        xor     eax, eax
; write_msr: ecx = which, rax = value; one tick later the host has had time to act on it
write_msr:
        push    rcx
        lea     rdi, [.write]
        call    guard
        call    caught
        call    wait_tick
        pop     rcx
        ret
.write: mov     rdx, rax
        shr     rdx, 32
        wrmsr
        ret

; ------------------------------------------------------------------ channels whose rules this guest breaks
rings:  attempt "ring-random-headers", .headers
        attempt "ring-honest-again", .honest
        attempt "stream-forged-epoch", .epoch
        violation "stream-impossible", .stream
        attempt "bell-own", .bell
        ret
; Headers without sense, 40 times, each seen by the peer
.headers:
        mov     r12d, 40
        mov     r13, 0x9E3779B97F4A7C15
.header:
        mov     rdi, [own]
        mov     ecx, 32
.word:  mov     rax, r13
        shl     rax, 13
        xor     r13, rax
        mov     rax, r13
        shr     rax, 7
        xor     r13, rax
        mov     rax, r13
        shl     rax, 17
        xor     r13, rax
        mov     [rdi], r13
        add     rdi, 8
        dec     ecx
        jnz     .word
        mov     rdi, [own]
        mov     rax, RING_MAGIC
        mov     [rdi], rax
        test    r12d, 1
        jz      .sizes
        mov     rax, 64 | 64 << 32      ; right sizes, wild counters
        mov     [rdi + RING_RECORD_BYTES], rax
.sizes: call    wait_tick
        dec     r12d
        jnz     .header
        xor     eax, eax
        ret
.honest:
        lea     rdi, [writer]
        mov     rsi, [up]
        call    ring_own
        lea     rdi, [writer]
        call    ring_start
        mov     qword [buffer], 0xF00D
        lea     rdi, [writer]
        lea     rsi, [buffer]
        mov     edx, 8
        call    ring_write
        mov     edi, 20
        call    wait_ticks
        xor     eax, eax
        ret
.epoch: mov     rdi, [talk]
        mov     r8, [rdi + ENTRY_GPA]
        mov     dword [r8 + BYTES_ACCEPTED], 0x7FFFFFFF
        mov     dword [r8 + BYTES_EPOCH], 0x7FFFFFFF
        call    ring_bell
        call    wait_tick
        xor     eax, eax
        ret
.stream:
        mov     rdi, [talk]
        mov     r8, [rdi + ENTRY_GPA]
        mov     rax, ONES
        mov     [r8 + BYTES_PRODUCED], rax
        call    ring_bell
        mov     edi, 10
        call    wait_ticks
        mov     rdi, [talk]
        mov     r8, [rdi + ENTRY_GPA]
        mov     eax, [r8 + BYTES_FLAGS]
        and     eax, FLAG_CLOSED
        ret
.bell:  mov     rdi, [nudge]
        call    ring_bell
        xor     eax, eax
        ret

        section .data
bystander:
        db      "bystander", 0
        align 4096
high_directory:
        times 512 dq 0
        section .bss
        align 16
marker: resq    2
own:    resq    1
writer: resb    OWN_SIZE
        align 64
buffer: resb    8192
