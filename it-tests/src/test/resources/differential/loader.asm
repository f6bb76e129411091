; Runs cases one after another at CPL 3: restores a case's state and enters it by iretq; each exception comes back to "save".
; The constants come from Layout.
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
    mov esi, DATA_LINEAR
    lea rdi, [r15 + RESULT_DATA]
    mov ecx, 1024
    rep movsq
    mov r14, [CASE_POINTER]
    mov rdi, [r14 + CASE_CODE_AT]
    mov rax, 0xCCCCCCCCCCCCCCCC
    mov ecx, 4
    rep stosq
    add r14, CASE_SIZE
    mov [CASE_POINTER], r14
    add r15, RESULT_SIZE
    mov [RESULT_POINTER], r15
    dec dword [COUNT]
    jz finished
start:
    mov esi, TEMPLATE
    mov edi, DATA_LINEAR
    mov ecx, 1024
    rep movsq
    mov r15, [CASE_POINTER]
    mov rdi, [r15 + CASE_PATCH_AT]
    lea rsi, [r15 + CASE_PATCH]
    mov ecx, 16
    rep movsq
    mov rdi, [r15 + CASE_CODE_AT]
    lea rsi, [r15 + CASE_CODE]
    mov ecx, 4
    rep movsq
    mov eax, USER_DATA
    mov ds, ax
    mov es, ax
    xor eax, eax
    mov fs, ax
    mov gs, ax
    mov rax, [r15 + CASE_FS]
    wrfsbase rax
    mov rax, [r15 + CASE_GS]
    wrgsbase rax
    xor edx, edx
    mov eax, 7
    xrstor64 [r15 + CASE_XSAVE]
    lea rsp, [r15 + CASE_FRAME]
    mov rax, [r15 + CASE_GPR + 0]
    mov rcx, [r15 + CASE_GPR + 8]
    mov rdx, [r15 + CASE_GPR + 16]
    mov rbx, [r15 + CASE_GPR + 24]
    mov rbp, [r15 + CASE_GPR + 40]
    mov rsi, [r15 + CASE_GPR + 48]
    mov rdi, [r15 + CASE_GPR + 56]
    mov r8, [r15 + CASE_GPR + 64]
    mov r9, [r15 + CASE_GPR + 72]
    mov r10, [r15 + CASE_GPR + 80]
    mov r11, [r15 + CASE_GPR + 88]
    mov r12, [r15 + CASE_GPR + 96]
    mov r13, [r15 + CASE_GPR + 104]
    mov r14, [r15 + CASE_GPR + 112]
    mov r15, [r15 + CASE_GPR + 120]
    iretq
finished:
    mov dword [DONE], 1
    ud2
