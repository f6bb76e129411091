; A Linux process that runs cases: each exception comes back to "caught" as a signal. Reads a byte and runs the batch that the control
; page names, writes a byte; ends at the end of its input. Once set up it can do nothing else (seccomp's strict mode).
bits 64
SYS_READ equ 0
SYS_WRITE equ 1
SYS_OPEN equ 2
SYS_MMAP equ 9
SYS_SIGACTION equ 13
SYS_EXIT equ 60
SYS_SIGALTSTACK equ 131
SYS_MODIFY_LDT equ 154
SYS_PRCTL equ 157

_start:
    mov rdi, [rsp + 16]
    mov esi, 2
    mov eax, SYS_OPEN
    syscall
    mov r12, rax
    mov edi, ALIAS
    mov esi, RAM
    mov edx, 3
    xor r9d, r9d
    call map
    mov edi, CODE_LINEAR
    mov esi, CODE_BYTES
    mov edx, 5
    mov r9d, CODE
    call map
    mov edi, DATA_LINEAR
    mov esi, DATA_BYTES
    mov edx, 3
    mov r9d, DATA
    call map
    mov edi, READ_ONLY_LINEAR
    mov esi, 4096
    mov edx, 1
    mov r9d, READ_ONLY
    call map
    lea rdi, [altstack]
    xor esi, esi
    mov eax, SYS_SIGALTSTACK
    syscall
    mov edi, 4
    call handle
    mov edi, 5
    call handle
    mov edi, 7
    call handle
    mov edi, 8
    call handle
    mov edi, 11
    call handle
    lea rbx, [local_table]
    jmp local_next
local_entry:
    mov edi, 0x11
    mov rsi, rbx
    mov edx, 16
    mov eax, SYS_MODIFY_LDT
    syscall
    test rax, rax
    jne quit
    add rbx, 16
local_next:
    lea rax, [local_table_end]
    cmp rbx, rax
    jb local_entry
    mov edi, 22
    mov esi, 1
    mov eax, SYS_PRCTL
    syscall
await:
    mov esp, SIGNAL_STACK - 64
    xor edi, edi
    mov esi, KEPT
    mov edx, 1
    mov eax, SYS_READ
    syscall
    cmp rax, 1
    jne quit
    jmp start
finished:
    mov esp, SIGNAL_STACK - 64
    mov edi, 1
    mov esi, KEPT
    mov edx, 1
    mov eax, SYS_WRITE
    syscall
    jmp await
quit:
    xor edi, edi
    mov eax, SYS_EXIT
    syscall

; mmap at rdi, rsi bytes, protection edx, offset r9, shared, fixed and populated: no page is found missing at its first use.
map:
    mov r10d, 0x8011
    mov r8, r12
    mov eax, SYS_MMAP
    syscall
    cmp rax, rdi
    jne quit
    ret

handle:
    lea rsi, [action]
    xor edx, edx
    mov r10d, 8
    mov eax, SYS_SIGACTION
    syscall
    test rax, rax
    jne quit
    ret

; RDX is the ucontext: uc_mcontext.gregs begin at 40 (Linux, arch/x86/include/uapi/asm/sigcontext.h).
caught:
    push 0x202
    popfq
    mov r15, [RESULT_POINTER]
    mov rax, [rdx + 144]
    mov [r15 + RESULT_GPR + 0], rax
    mov rax, [rdx + 152]
    mov [r15 + RESULT_GPR + 8], rax
    mov rax, [rdx + 136]
    mov [r15 + RESULT_GPR + 16], rax
    mov rax, [rdx + 128]
    mov [r15 + RESULT_GPR + 24], rax
    mov rax, [rdx + 120]
    mov [r15 + RESULT_GPR + 40], rax
    mov rax, [rdx + 112]
    mov [r15 + RESULT_GPR + 48], rax
    mov rax, [rdx + 104]
    mov [r15 + RESULT_GPR + 56], rax
    lea rsi, [rdx + 40]
    lea rdi, [r15 + RESULT_GPR + 64]
    mov ecx, 8
    rep movsq
    rdfsbase rax
    mov [r15 + RESULT_FS], rax
    rdgsbase rax
    mov [r15 + RESULT_GS], rax
    mov [r15 + RESULT_SELECTORS], ds
    mov [r15 + RESULT_SELECTORS + 2], es
    mov [r15 + RESULT_SELECTORS + 4], fs
    mov [r15 + RESULT_SELECTORS + 6], gs
    mov rax, [rdx + 216]
    mov [r15 + RESULT_FRAME], rax
    mov rax, [rdx + 200]
    mov [r15 + RESULT_FRAME + 16], rax
    mov rax, [rdx + 192]
    mov [r15 + RESULT_FRAME + 24], rax
    mov rax, [rdx + 168]
    mov [r15 + RESULT_FRAME + 32], rax
    movzx eax, word [rdx + 184]
    mov [r15 + RESULT_FRAME + 40], rax
    mov rax, [rdx + 176]
    mov [r15 + RESULT_FRAME + 48], rax
    mov rax, [rdx + 160]
    mov [r15 + RESULT_FRAME + 56], rax
    movzx eax, word [rdx + 190]
    mov [r15 + RESULT_FRAME + 64], rax
    mov rsi, [rdx + 224]
    lea rdi, [r15 + RESULT_XSAVE]
    mov ecx, XSAVE_WORDS
    rep movsq
    jmp stored

; struct kernel_sigaction: handler, flags (SIGINFO, RESTORER, ONSTACK, NODEFER), restorer, mask.
align 8
action:
    dq caught, 0x4C000004, caught, 0
altstack:
    dq SIGNAL_STACK - SIGNAL_STACK_BYTES, 0, SIGNAL_STACK_BYTES
