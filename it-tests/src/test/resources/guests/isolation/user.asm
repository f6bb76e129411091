; Tries what user code of a guest can try; on some hosts it runs on the processor itself. An attempt ends with int3, its answer in rax.
%include "frame.inc"

RAM_END         equ 0x800000
HOLE            equ 0xC0000000
AREA_EMPTY      equ 0xDFFF0000
SUPERVISOR      equ 0xBFC00000          ; own memory, mapped for the supervisor only
FOREIGN         equ 0xBFE00000          ; mapped by the page table in the peer's window
TABLE           equ 0x8000
USER            equ 4
USER_DATA       equ 0x18 | 3
USER_CODE       equ 0x20 | 3
TASK            equ 0x28
CR4_OSFXSR      equ 1 << 9
MARK            equ 0x600D600D600D600D

main:
        call    catch
        channel "down", down
        mov     rax, [down]
        mov     rax, [rax + ENTRY_GPA]
        mov     [window], rax
        mov     rax, MARK
        mov     [marker], rax
        call    descriptors
        call    open_tables
        mov     rax, cr4
        or      eax, CR4_OSFXSR
        mov     cr4, rax
        rdtsc
        shl     rdx, 32
        or      rax, rdx
        mov     [kernel_tsc], rax
        call    await_peer
        print   `user: begins\n`
        call    first
        call    memory
        call    read_only
        call    privileged
        call    telling
        call    leaving
        print   `user: done\n`
.end:   call    wait_interrupt
        jmp     .end

descriptors:
        lea     rax, [task]
        lea     rdi, [gdt_user + TASK]
        mov     ecx, eax
        and     ecx, 0xFFFF
        shl     ecx, 16
        or      ecx, 0x67
        mov     [rdi], ecx
        mov     ecx, eax
        shr     ecx, 16
        and     ecx, 0xFF
        or      ecx, 0x8900
        mov     edx, eax
        and     edx, 0xFF000000
        or      ecx, edx
        mov     [rdi + 4], ecx
        lea     rax, [kernel_stack]
        mov     [task + 4], rax
        mov     word [task + 0x66], 0x68        ; no port for user code
        lgdt    [user_pointer]
        mov     eax, TASK
        ltr     ax
        ret

; open_tables: all that is mapped is mapped for user code too, but one page
open_tables:
        lea     rdi, [page_directories]
        mov     ecx, 2048
.page:  or      byte [rdi], USER
        add     rdi, 8
        dec     ecx
        jnz     .page
        lea     rdi, [pdpt]
        mov     ecx, 4
.gib:   or      byte [rdi], USER
        add     rdi, 8
        dec     ecx
        jnz     .gib
        or      byte [pml4], USER
        lea     rdi, [page_directories + 1534 * 8]
        mov     qword [rdi], 0x400083
        mov     rax, [window]
        lea     rax, [rax + TABLE + 7]
        mov     [rdi + 8], rax
        mov     rax, cr3
        mov     cr3, rax
        ret

; as_user: rsi = routine; an attempt of user code
as_user:
        lea     rdi, [.enter]
        call    guard
        cmp     dword [vector], 3       ; int3: the attempt's end
        jne     .fault
        mov     dword [vector], ONES
.fault: mov     rax, [result]
        ret
.enter: push    USER_DATA
        lea     rax, [user_stack]
        push    rax
        push    2
        push    USER_CODE
        push    rsi
        iretq

; user "name", routine
%macro user 2
        section .text
        lea     rax, [%2]
        mov     [attempted], rax
        attempt %1, run_user
%endm
%macro user_violation 2
        call    breathe
        user    %1, %2
%endm
run_user:
        mov     rsi, [attempted]
        jmp     as_user

; Before anything has used them: the wide vector registers
first:  user    "vector-registers", .wide
        ret
.wide:  lea     rdi, [buffer]
        db      0xC5, 0xFE, 0x7F, 0x07          ; vmovdqu [rdi], ymm0
        db      0xC5, 0x7E, 0x7F, 0x7F, 0x20    ; vmovdqu [rdi + 32], ymm15
        mov     rax, [rdi]
        or      rax, [rdi + 8]
        or      rax, [rdi + 16]
        or      rax, [rdi + 24]
        or      rax, [rdi + 32]
        or      rax, [rdi + 56]
        int3

memory: user    "user-read-above-ram", .above
        user    "user-write-hole", .hole
        user    "user-locked-hole", .locked
        user    "user-compare16-hole", .compare16
        user    "user-over-end-of-ram", .over
        user    "user-wide-hole", .wide
        user    "user-supervisor-page", .supervisor
        user    "user-supervisor-write", .write
        user    "user-not-canonical", .canonical
        user    "user-host-text", .text
        user    "user-host-direct-map", .map
        user    "user-host-entry-area", .entry
        user    "user-vsyscall", .vsyscall
        user    "user-foreign-table", .foreign
        user    "user-foreign-table-write", .dirty
        user    "user-local-apic", .apic
        user_violation "user-area", .area
        ret
.above: mov     ebx, RAM_END
        mov     rax, [rbx]
        int3
.hole:  mov     ebx, HOLE
        mov     qword [rbx], 5
        mov     rax, [rbx]
        int3
.locked:
        mov     ebx, HOLE
        lock inc qword [rbx]
        mov     rax, [rbx]
        int3
.compare16:
        mov     edi, HOLE
        mov     rax, ONES
        mov     rdx, ONES
        xor     ebx, ebx
        xor     ecx, ecx
        lock cmpxchg16b [rdi]
        mov     rax, [rdi]
        int3
.over:  mov     ebx, RAM_END - 4
        mov     rax, 0x5566778811223344
        mov     [rbx], rax
        mov     rax, [rbx]
        int3
.wide:  mov     edi, HOLE
        db      0xC5, 0xFE, 0x6F, 0x07          ; vmovdqu ymm0, [rdi]
        db      0xC5, 0xFE, 0x7F, 0x07
        mov     rax, [rdi]
        int3
.supervisor:
        mov     ebx, SUPERVISOR
        mov     rax, [rbx]
        int3
.write: mov     ebx, SUPERVISOR
        mov     [rbx], rax
        int3
.canonical:
        mov     rbx, 0x8000000000000000
        mov     rax, [rbx]
        int3
.text:  mov     rbx, 0xFFFFFFFF81000000
        mov     rax, [rbx]
        int3
.map:   mov     rbx, 0xFFFF888000000000
        mov     rax, [rbx]
        int3
.entry: mov     rbx, 0xFFFFFE0000000000
        mov     rax, [rbx]
        int3
.vsyscall:
        mov     rbx, 0xFFFFFFFFFF600000
        mov     rax, [rbx]
        int3
.foreign:
        lea     rbx, [marker]
        mov     ecx, FOREIGN
        mov     rax, [rbx + rcx]
        int3
.dirty: lea     rbx, [marker]
        mov     ecx, FOREIGN
        mov     rax, MARK
        mov     [rbx + rcx], rax
        mov     rax, [marker]
        int3
.apic:  mov     ebx, LAPIC + 0x30
        movzx   eax, byte [rbx]
        int3
.area:  mov     ebx, AREA_EMPTY
        mov     rax, [rbx]
        int3

; Each gives what stands in the peer's window afterwards
read_only:
        user_violation "user-ro-store", .store
        user_violation "user-ro-locked", .locked
        user_violation "user-ro-compare16", .compare16
        user_violation "user-ro-string", .string
        user_violation "user-ro-vector", .vector
        user    "user-ro-wide", .wide
        user    "user-ro-save", .save
        user    "user-ro-clear-line", .line
        user    "user-ro-zero-line", .zero
        user_violation "user-directory", .directory
        ret
.seen:  mov     rbx, [window]
        mov     rax, [rbx + 0x2000]
        int3
.to:    mov     rdi, [window]
        add     rdi, 0x2000
        ret
.store: call    .to
        mov     qword [rdi], 0
        jmp     .seen
.locked:
        call    .to
        lock inc qword [rdi]
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
.vector:
        call    .to
        pxor    xmm0, xmm0
        movdqu  [rdi], xmm0
        jmp     .seen
.wide:  call    .to
        db      0xC5, 0xFD, 0xEF, 0xC0          ; vpxor ymm0, ymm0, ymm0
        db      0xC5, 0xFE, 0x7F, 0x07
        jmp     .seen
.save:  call    .to
        fxsave  [rdi]
        jmp     .seen
.line:  call    .to
        clflush [rdi]
        prefetcht0 [rdi]
        db      0x0F, 0x0D, 0x0F                ; prefetchw [rdi]
        jmp     .seen
.zero:  call    .to
        mov     rax, rdi
        db      0x0F, 0x01, 0xFC                ; clzero
        jmp     .seen
.directory:
        mov     ebx, DIRECTORY
        mov     dword [rbx + 0x40], 31
        mov     eax, [rbx]
        int3

privileged:
        user    "user-cli", .cli
        user    "user-hlt", .hlt
        user    "user-in", .in
        user    "user-out", .out
        user    "user-bell", .bell
        user    "user-rdmsr", .rdmsr
        user    "user-wrmsr", .wrmsr
        user    "user-mov-cr3", .cr3
        user    "user-mov-dr7", .dr7
        user    "user-lgdt", .lgdt
        user    "user-lidt", .lidt
        user    "user-ltr", .ltr
        user    "user-invlpg", .invlpg
        user    "user-wbinvd", .wbinvd
        user    "user-swapgs", .swapgs
        user    "user-xsetbv", .xsetbv
        user    "user-load-kernel-segment", .segment
        user    "user-far-return", .far
        user    "user-iret-to-kernel", .iret
        ret
.cli:   cli
        int3
.hlt:   hlt
        int3
.in:    in      al, 0x80
        int3
.out:   mov     edx, COM1
        out     dx, al
        int3
.bell:  mov     edx, 0xC200
        out     dx, eax
        int3
.rdmsr: mov     ecx, 0x10
        rdmsr
        int3
.wrmsr: mov     ecx, 0xC0000082
        wrmsr
        int3
.cr3:   mov     rax, cr3
        int3
.dr7:   mov     rax, dr7
        int3
.lgdt:  lgdt    [user_pointer]
        int3
.lidt:  lidt    [idt_pointer]
        int3
.ltr:   mov     eax, TASK
        ltr     ax
        int3
.invlpg:
        invlpg  [rbx]
        int3
.wbinvd:
        wbinvd
        int3
.swapgs:
        swapgs
        int3
.xsetbv:
        xor     ecx, ecx
        xsetbv
        int3
.segment:
        mov     eax, DATA
        mov     ss, eax
        int3
.far:   push    CODE64
        lea     rax, [.there]
        push    rax
        retfq
.there: mov     eax, cs
        int3
.iret:  push    DATA
        lea     rax, [user_stack]
        push    rax
        push    2
        push    CODE64
        lea     rax, [.there]
        push    rax
        iretq

; What the processor tells user code without asking anybody
telling:
        user    "user-sgdt", .sgdt
        user    "user-sidt", .sidt
        user    "user-sldt", .sldt
        user    "user-str", .str
        user    "user-smsw", .smsw
        user    "user-rdpmc", .rdpmc
        user    "user-rdpru", .rdpru
        user    "user-processor", .processor
        user    "user-tsc-offset", .tsc
        user    "user-cpuid", .cpuid
        user    "user-cpuid-topology", .topology
        user    "user-fs-base", .base
        user    "user-gs-base", .gs_base
        ret
.sgdt:  sgdt    [buffer]
        mov     rax, [buffer + 2]
        lea     rbx, [gdt_user]
        sub     rax, rbx
        int3
.sidt:  sidt    [buffer]
        mov     rax, [buffer + 2]
        lea     rbx, [idt]
        sub     rax, rbx
        int3
.sldt:  xor     eax, eax
        sldt    eax
        int3
.str:   xor     eax, eax
        str     eax
        int3
.smsw:  xor     eax, eax
        smsw    eax
        int3
.rdpmc: xor     ecx, ecx
        rdpmc
        int3
.rdpru: xor     ecx, ecx
        rdpru
        int3
.processor:
        rdpid   rax
        int3
; Hours that this clock is before the kernel code's
.tsc:   rdtsc
        shl     rdx, 32
        or      rax, rdx
        sub     rax, [kernel_tsc]
        mov     rcx, 1 << 43
        xor     edx, edx
        div     rcx
        int3
.cpuid: mov     eax, 0x40000100
        cpuid
        mov     eax, ebx
        int3
.topology:
        mov     eax, 1
        cpuid
        mov     eax, ebx
        shr     eax, 24
        int3
.base:  rdfsbase rax
        int3
.gs_base:
        rdgsbase rax
        int3

leaving:
        user    "user-int-80", .int
        user    "user-int-other", .other
        user    "user-undefined", .undefined
        user    "user-divide", .divide
        user    "user-single-step", .step
        user    "user-debug", .debug
        user    "user-alignment", .alignment
        user    "user-stack-in-hole", .stack
        user    "user-execute-hole", .execute
        user    "user-execute-window", .window
        user    "user-monitor", .monitor
        ret
.int:   int     0x80
        int3
.other: int     0x41
        int3
.undefined:
        ud2
.divide:
        xor     ecx, ecx
        div     ecx
        int3
.step:  pushfq
        or      dword [rsp], 0x100
        popfq
        nop
        int3
.debug: int1
        int3
.alignment:
        pushfq
        or      dword [rsp], 0x40000
        popfq
        mov     rax, [buffer + 1]
        int3
.stack: mov     esp, HOLE + 0x800
        push    rax
        pop     rax
        int3
.execute:
        mov     eax, HOLE
        jmp     rax
.window:
        mov     rax, [window]           ; no code that anybody meant to write
        add     rax, 0x2000
        jmp     rax
.monitor:
        lea     rax, [buffer]
        xor     ecx, ecx
        xor     edx, edx
        monitor
        int3

        section .data
        align 8
gdt_user:
        dq      0
        dq      0x00AF9A000000FFFF
        dq      0x00CF92000000FFFF
        dq      0x00CFF2000000FFFF
        dq      0x00AFFA000000FFFF
        dq      0, 0
user_pointer:
        dw      $ - gdt_user - 1
        dq      gdt_user
        section .bss
        align 16
marker: resq    2
attempted: resq 1
kernel_tsc: resq 1
task:   resb    0x68
        align 64
buffer: resb    4096
        resb    8192
kernel_stack:
        resb    8192
user_stack:
        resq    1
