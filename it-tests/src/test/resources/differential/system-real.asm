; The part of the test kernel that runs in real mode, in a segment of its own; variables lie in another.
bits 16
enter:
    mov eax, cr0
    and al, 0xFE
    mov cr0, eax
    jmp REAL_SEGMENT:real
real:
    mov ax, VARS_SEGMENT
    mov ds, ax
    mov ss, ax
    mov esp, 0xF00
    mov es, [CUR_ES - VARS]
    mov fs, [CUR_FS - VARS]
    mov gs, [CUR_GS - VARS]
    push dword [CUR_FLAGS - VARS]
    popfd
    lss esp, [CUR_STACK - VARS]
    mov eax, [CUR_GPR + 0 - VARS]
    mov ecx, [CUR_GPR + 4 - VARS]
    mov edx, [CUR_GPR + 8 - VARS]
    mov ebx, [CUR_GPR + 12 - VARS]
    mov ebp, [CUR_GPR + 20 - VARS]
    mov esi, [CUR_GPR + 24 - VARS]
    mov edi, [CUR_GPR + 28 - VARS]
    mov ds, [CUR_DS - VARS]
    jmp far dword [cs:CUR_ENTRY - REAL]
common:
    push eax
    mov ax, ds
    push ax
    mov ax, VARS_SEGMENT
    mov ds, ax
    pop word [SAVE_DS - VARS]
    pop dword [SAVE_GPR + 0 - VARS]
    pop word [SAVE_VECTOR - VARS]
    mov [SAVE_GPR + 4 - VARS], ecx
    mov [SAVE_GPR + 8 - VARS], edx
    mov [SAVE_GPR + 12 - VARS], ebx
    mov [SAVE_GPR + 16 - VARS], esp
    mov [SAVE_GPR + 20 - VARS], ebp
    mov [SAVE_GPR + 24 - VARS], esi
    mov [SAVE_GPR + 28 - VARS], edi
    mov [SAVE_SS - VARS], ss
    mov [SAVE_ES - VARS], es
    mov [SAVE_FS - VARS], fs
    mov [SAVE_GS - VARS], gs
    mov ss, ax
    mov esp, 0xF00
    pushfd
    pop dword [SAVE_FLAGS - VARS]
    db 0x66
    sgdt [SAVE_GDTR - VARS]
    db 0x66
    sidt [SAVE_IDTR - VARS]
    db 0x66
    lgdt [CUR_GDTR - VARS]
    mov eax, cr0
    mov [SAVE_CR0 - VARS], eax
    or al, 1
    mov cr0, eax
    jmp dword CODE32:BACK
