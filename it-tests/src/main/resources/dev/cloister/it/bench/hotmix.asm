; The hot mix: xorshift, a table in memory, branches that the numbers decide. 64-bit code that any privilege level can run.
; In: rax seed, rcx iterations, rdi table of 512 quadwords. Out: rax, rbx, rdx, rsi, r8, r9 and the table. Ends with ud2.
        format flat
        bits 64
again:  mov     rdx, rax
        shl     rdx, 13
        xor     rax, rdx
        mov     rdx, rax
        shr     rdx, 7
        xor     rax, rdx
        mov     rdx, rax
        shl     rdx, 17
        xor     rax, rdx
        mov     rsi, rax
        and     esi, 511
        mov     rbx, [rdi + rsi * 8]
        test    eax, 64
        jz      even
        add     rbx, rax
        inc     r8
        jmp     store
even:   sub     rbx, rdx
        cmp     rbx, r9
        jl      store
        xor     r9, rbx
store:  mov     [rdi + rsi * 8], rbx
        dec     rcx
        jnz     again
        ud2
