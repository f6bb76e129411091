; The vCPU's side of the loader: each exception comes back to "save" by the stub of its vector.
bits 64
save:
    mov [KEPT], r15
    mov r15, [RESULT_POINTER]
    mov [r15 + RESULT_GPR + 0], rax
    mov [r15 + RESULT_GPR + 8], rcx
    mov [r15 + RESULT_GPR + 16], rdx
    mov [r15 + RESULT_GPR + 24], rbx
    mov [r15 + RESULT_GPR + 40], rbp
    mov [r15 + RESULT_GPR + 48], rsi
    mov [r15 + RESULT_GPR + 56], rdi
    mov [r15 + RESULT_GPR + 64], r8
    mov [r15 + RESULT_GPR + 72], r9
    mov [r15 + RESULT_GPR + 80], r10
    mov [r15 + RESULT_GPR + 88], r11
    mov [r15 + RESULT_GPR + 96], r12
    mov [r15 + RESULT_GPR + 104], r13
    mov [r15 + RESULT_GPR + 112], r14
    mov rax, [KEPT]
    mov [r15 + RESULT_GPR + 120], rax
    rdfsbase rax
    mov [r15 + RESULT_FS], rax
    rdgsbase rax
    mov [r15 + RESULT_GS], rax
    mov [r15 + RESULT_SELECTORS], ds
    mov [r15 + RESULT_SELECTORS + 2], es
    mov [r15 + RESULT_SELECTORS + 4], fs
    mov [r15 + RESULT_SELECTORS + 6], gs
    xor edx, edx
    mov eax, 7
    xsave64 [r15 + RESULT_XSAVE]
    mov esi, STACK_TOP - 72
    lea rdi, [r15 + RESULT_FRAME]
    mov ecx, 9
    rep movsq
    jmp stored
finished:
    mov dword [DONE], 1
    ud2
