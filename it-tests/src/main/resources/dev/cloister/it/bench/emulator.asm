; Work for an interpreter of supervisor code. EmulatorBench puts the format, WORK (which) and ROUNDS (how often) in front.
; Entry in 32-bit protected mode; goes to 64-bit mode, says S on port 0xe9, works, says E, and halts.
STACK   equ     0x1f0000
TABLES  equ     0x200000
PML4    equ     TABLES
PDPT    equ     TABLES + 0x1000
LOW     equ     TABLES + 0x2000         ; 2 MiB pages, the first 64 MiB
HIGH    equ     TABLES + 0x3000
PAGES   equ     TABLES + 0x4000         ; 4 KiB pages from 1 GiB, mapped by the page-fault handler
IDT     equ     TABLES + 0x5000
WINDOW  equ     0x40000000
TABLE   equ     0x300000
FROM    equ     0x400000
TO      equ     0x500000
BYTES   equ     0x10000

        section .text
        bits    32
start:  cli
        cld
        mov     esp, STACK
        mov     edi, TABLES
        xor     eax, eax
        mov     ecx, 0x1800
        rep stosd
        mov     dword [PML4], PDPT + 3
        mov     dword [PDPT], LOW + 3
        mov     dword [PDPT + 8], HIGH + 3
        mov     dword [HIGH], PAGES + 3
        mov     edi, LOW
        mov     eax, 0x83
        mov     ecx, 32
.page:  mov     [edi], eax
        add     edi, 8
        add     eax, 0x200000
        dec     ecx
        jnz     .page
        mov     eax, cr4
        or      eax, 0x20
        mov     cr4, eax
        mov     eax, PML4
        mov     cr3, eax
        mov     ecx, 0xC0000080
        rdmsr
        or      eax, 0x100
        wrmsr
        mov     eax, cr0
        or      eax, 0x80000001
        mov     cr0, eax
        lgdt    [gdtr]
        jmp     8:long

        bits    64
long:   mov     eax, 16
        mov     ds, eax
        mov     es, eax
        mov     ss, eax
        mov     rsp, STACK
        mov     rax, fault
        mov     [IDT + 14 * 16], ax
        mov     word [IDT + 14 * 16 + 2], 8
        mov     word [IDT + 14 * 16 + 4], 0x8E00
        shr     rax, 16
        mov     [IDT + 14 * 16 + 6], rax
        lidt    [idtr]
        mov     al, 'S'
        out     0xe9, al
        mov     r15, ROUNDS
.round: call    [work + WORK * 8]
        dec     r15
        jnz     .round
        mov     al, 'E'
        out     0xe9, al
.stop:  hlt
        jmp     .stop

; ---- 0: a branchy integer mix
mix:    mov     ebx, TABLE
        mov     ecx, 64
.next:  imul    eax, eax, 1664525
        add     eax, 1013904223
        mov     edx, eax
        shr     edx, 16
        and     edx, 0x3FFF
        test    eax, 0x10000000
        jz      .even
        add     dword [rbx + rdx * 4], 7
        jmp     .hash
.even:  mov     esi, [rbx + rdx * 4]
        lea     esi, [rsi + rsi * 2 + 1]
        xor     esi, edx
        mov     [rbx + rdx * 4], esi
.hash:  call    hash
        dec     ecx
        jnz     .next
        mov     rdi, r15
        and     edi, 0x3FF
        or      edi, 1
.walk:  cmp     rdi, 1
        jbe     .sort
        inc     r8
        test    dil, 1
        jz      .half
        lea     rdi, [rdi + rdi * 2 + 1]
        jmp     .walk
.half:  shr     rdi, 1
        jmp     .walk
.sort:  mov     edi, 1
.outer: mov     r10d, [rbx + rdi * 4]
        mov     rsi, rdi
.inner: mov     r11d, [rbx + rsi * 4 - 4]
        cmp     r11d, r10d
        jbe     .place
        mov     [rbx + rsi * 4], r11d
        dec     rsi
        jnz     .inner
.place: mov     [rbx + rsi * 4], r10d
        inc     edi
        cmp     edi, 16
        jb      .outer
        ret
hash:   push    rbp
        mov     rbp, rsp
        movzx   r9d, dl
        rol     r8, 5
        xor     r8, r9
        cmp     r8d, esi
        cmova   r9d, eax
        sete    r9b
        add     r12, r9
        adc     r13, 0
        sub     r14d, r9d
        neg     r9
        leave
        ret

; ---- 1: plain loops that copy and scan
loops:  mov     esi, FROM
        mov     edi, TO
        mov     ecx, BYTES / 8
.copy:  mov     rax, [rsi]
        mov     [rdi], rax
        add     rsi, 8
        add     rdi, 8
        dec     ecx
        jnz     .copy
        xor     ecx, ecx
        mov     esi, FROM
.scan:  cmp     byte [rsi + rcx], 0xFF
        je      .found
        inc     rcx
        cmp     rcx, BYTES
        jb      .scan
.found: ret

; ---- 2: the same by string instructions
strings:
        mov     esi, FROM
        mov     edi, TO
        mov     ecx, BYTES / 8
        rep movsq
        mov     edi, FROM
        mov     ecx, BYTES
        mov     al, 0xFF
        repne scasb
        ret

; ---- 3: 256 page faults and invalidations
faults: mov     ecx, 256
        mov     rsi, WINDOW
.touch: inc     dword [rsi]
        add     rsi, 0x1000
        dec     ecx
        jnz     .touch
        mov     ecx, 256
        mov     rsi, WINDOW
        mov     edi, PAGES
.drop:  mov     qword [rdi], 0
        invlpg  [rsi]
        add     rsi, 0x1000
        add     rdi, 8
        dec     ecx
        jnz     .drop
        ret
fault:  add     rsp, 8
        mov     rax, cr2
        shr     rax, 12
        and     eax, 0xFF
        lea     rdx, [rax + 0x600]
        shl     rdx, 12
        or      rdx, 3
        mov     [PAGES + rax * 8], rdx
; KVM's interpreter has no iretq to the same level
        mov     rax, [rsp]
        mov     rsp, [rsp + 24]
        jmp     rax

        align   8
work:   dq      mix, loops, strings, faults
gdt:    dq      0, 0x00209B0000000000, 0x00CF93000000FFFF
gdtr:   dw      gdtr - gdt - 1
        dq      gdt
idtr:   dw      0xFFF
        dq      IDT
