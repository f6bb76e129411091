; The test kernel in IA-32e mode, with paging: works off cases of 64-bit and compatibility mode at CPL 0 and CPL 3, enters each by IRETQ
; and comes back by an exception. Constants come from LongPlace.
bits 32
start:
    cli
    lgdt [cs:first_gdtr]
    mov ax, DATA
    mov ds, ax
    mov es, ax
    mov ss, ax
    mov al, 0xFF
    out 0x21, al
    out 0xA1, al
    mov eax, 0x20
    mov cr4, eax
    mov eax, TABLES
    mov cr3, eax
    mov ecx, MSR_EFER
    xor edx, edx
    mov eax, HOME_EFER
    wrmsr
    mov eax, 0x80010011
    mov cr0, eax
    jmp CODE64:next
bits 64
next:
    mov rsp, HOME_STACK
    cmp dword [COUNT], 0
    je finished
    cld
    mov rax, HIGH
    mov esi, [CASE_POINTER]
    add rsi, rax
    mov edi, CUR
    mov ecx, 32
    rep movsq
    mov edi, WORLD
    mov ecx, 512
    rep movsq
    mov edi, SAVE
    mov ecx, 32
    xor eax, eax
    rep stosq
    mov cr2, rax
    lgdt [CUR_GDTR]
    lidt [CUR_IDTR]
    mov esi, msrs
    mov ebx, MSR_COUNT
one_msr:
    mov ecx, [rsi]
    mov eax, [rsi + 4]
    mov edx, [rsi + 8]
    wrmsr
    add esi, 12
    dec ebx
    jne one_msr
    lldt [CUR_LDT]
    ltr [CUR_TR]
    mov rax, [CUR_CR4]
    mov cr4, rax
    mov rax, [CUR_CR0]
    mov cr0, rax
    mov ds, [CUR_DS]
    mov es, [CUR_ES]
    mov fs, [CUR_FS]
    mov gs, [CUR_GS]
    mov ecx, MSR_FS
    mov eax, [CUR_FS_BASE]
    mov edx, [CUR_FS_BASE + 4]
    wrmsr
    inc ecx
    mov eax, [CUR_GS_BASE]
    mov edx, [CUR_GS_BASE + 4]
    wrmsr
    inc ecx
    mov eax, [CUR_KERNEL_BASE]
    mov edx, [CUR_KERNEL_BASE + 4]
    wrmsr
    mov rax, [CUR_GPR + 0]
    mov rcx, [CUR_GPR + 8]
    mov rdx, [CUR_GPR + 16]
    mov rbx, [CUR_GPR + 24]
    mov rbp, [CUR_GPR + 40]
    mov rsi, [CUR_GPR + 48]
    mov rdi, [CUR_GPR + 56]
    mov r8, [CUR_GPR + 64]
    mov r9, [CUR_GPR + 72]
    mov r10, [CUR_GPR + 80]
    mov r11, [CUR_GPR + 88]
    mov r12, [CUR_GPR + 96]
    mov r13, [CUR_GPR + 104]
    mov r14, [CUR_GPR + 112]
    mov r15, [CUR_GPR + 120]
    mov rsp, CUR_FRAME
    iretq

; Every stub comes here, its vector pushed.
common:
    pop qword [SAVE_VECTOR]
    mov [SAVE_GPR + 0], rax
    mov [SAVE_GPR + 8], rcx
    mov [SAVE_GPR + 16], rdx
    mov [SAVE_GPR + 24], rbx
    mov [SAVE_GPR + 32], rsp
    mov [SAVE_GPR + 40], rbp
    mov [SAVE_GPR + 48], rsi
    mov [SAVE_GPR + 56], rdi
    mov [SAVE_GPR + 64], r8
    mov [SAVE_GPR + 72], r9
    mov [SAVE_GPR + 80], r10
    mov [SAVE_GPR + 88], r11
    mov [SAVE_GPR + 96], r12
    mov [SAVE_GPR + 104], r13
    mov [SAVE_GPR + 112], r14
    mov [SAVE_GPR + 120], r15
    mov [SAVE_SS], ss
    mov [SAVE_ES], es
    mov [SAVE_DS], ds
    mov [SAVE_FS], fs
    mov [SAVE_GS], gs
    mov rsp, HOME_STACK
    pushfq
    pop qword [SAVE_FLAGS]
    push 2
    popfq
    sldt [SAVE_LDT]
    str [SAVE_TR]
    sgdt [SAVE_GDTR]
    sidt [SAVE_IDTR]
    lgdt [CUR_GDTR]
    mov eax, DATA
    mov ss, ax
    mov ecx, MSR_FS
    rdmsr
    mov [SAVE_FS_BASE], eax
    mov [SAVE_FS_BASE + 4], edx
    inc ecx
    rdmsr
    mov [SAVE_GS_BASE], eax
    mov [SAVE_GS_BASE + 4], edx
    inc ecx
    rdmsr
    mov [SAVE_KERNEL_BASE], eax
    mov [SAVE_KERNEL_BASE + 4], edx
    mov ecx, MSR_EFER
    rdmsr
    mov [SAVE_EFER], eax
    mov rax, cr8
    mov [SAVE_CR8], eax
    mov rax, cr0
    mov [SAVE_CR0], rax
    mov rax, cr2
    mov [SAVE_CR2], rax
    mov rax, cr3
    mov [SAVE_CR3], rax
    mov rax, cr4
    mov [SAVE_CR4], rax
    mov rax, dr6
    mov [SAVE_DR6], eax
    mov rax, dr7
    mov [SAVE_DR7], eax
    mov eax, 0x80010011
    mov cr0, rax
    mov eax, TABLES
    mov cr3, rax
    mov eax, HOME_CR4
    mov cr4, rax
    xor ecx, ecx
    xgetbv
    mov [SAVE_XCR0], eax
    xor edx, edx
    mov eax, 1
    xsetbv
    xor eax, eax
    mov cr8, rax
    mov dr0, rax
    mov dr1, rax
    mov dr2, rax
    mov dr3, rax
    mov eax, 0xFFFF0FF0
    mov dr6, rax
    mov eax, 0x400
    mov dr7, rax
    cld
    mov rax, HIGH
    mov edi, [RESULT_POINTER]
    add rdi, rax
    mov esi, SAVE
    mov ecx, 32
    rep movsq
    mov esi, WORLD
    mov ecx, 512
    rep movsq
    mov [RESULT_POINTER], edi
    add dword [CASE_POINTER], CASE_SIZE
    dec dword [COUNT]
    out PORT_DONE, al
    jmp next
finished:
    mov eax, 1
    out PORT_END, eax
    hlt
    jmp finished
align 8
first_gdt:
    dq 0, 0x00AF9B000000FFFF, 0x00CF93000000FFFF
first_gdtr:
    dw 23
    dd first_gdt
; Index, low and high half of what every case begins with: SYSENTER's three, EFER, STAR, LSTAR, CSTAR, the mask of SYSCALL,
; memory types, TSC_AUX.
msrs:
    dd 0x174, CODE64, 0
    dd 0x175, SYSENTER_STACK, 0
    dd 0x176, SYSENTER_TARGET, 0
    dd MSR_EFER, HOME_EFER, 0
    dd 0xC0000081, 0, STAR_HIGH
    dd 0xC0000082, SYSCALL_TARGET, 0
    dd 0xC0000083, SYSCALL_TARGET, 0
    dd 0xC0000084, 0x00040300, 0
    dd 0x277, 0x00070406, 0x00070406
    dd 0xC0000103, 0, 0
MSR_COUNT equ 10
