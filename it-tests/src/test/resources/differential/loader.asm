; What both loaders share: keeps memory's result, and runs cases one after another at CPL 3: restores a case's state and enters it by
; iretq. R15 is the result at "stored"; "finished" belongs to the side. The constants come from Layout.
bits 64
stored:
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
    mov ax, [r15 + CASE_SELECTORS]
    mov ds, ax
    mov ax, [r15 + CASE_SELECTORS + 2]
    mov es, ax
    xor eax, eax
    mov fs, ax
    mov gs, ax
    mov rax, [r15 + CASE_FS]
    wrfsbase rax
    mov rax, [r15 + CASE_GS]
    wrgsbase rax
    movzx eax, word [r15 + CASE_SELECTORS + 4]
    test eax, eax
    jz no_fs
    mov fs, ax
no_fs:
    movzx eax, word [r15 + CASE_SELECTORS + 6]
    test eax, eax
    jz no_gs
    mov gs, ax
no_gs:
    xor edx, edx
    mov eax, 7
    xrstor64 [r15 + CASE_XSAVE]
    lea rsi, [r15 + CASE_FRAME]
    mov edi, ENTRY_FRAME
    mov ecx, 5
    rep movsq
    mov esp, ENTRY_FRAME
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
