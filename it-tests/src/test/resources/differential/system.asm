; The test kernel of the second opinions: works off cases in real, protected and virtual-8086 mode, without paging, and comes back from
; each by an exception. Constants come from Place. Nothing here touches a device but the ports that tell of progress.
bits 32
start:
    cli
    lgdt [cs:first_gdtr]
    mov ax, DATA32
    mov ds, ax
    mov es, ax
    mov ss, ax
    mov esp, HOME_STACK
    mov al, 0xFF
    out 0x21, al
    out 0xA1, al
next:
    cmp dword [COUNT], 0
    je finished
    mov esi, [CASE_POINTER]
    mov edi, CUR
    mov ecx, 64
    rep movsd
    mov edi, WORLD
    mov ecx, 1024
    rep movsd
    mov edi, SAVE
    mov ecx, 64
    xor eax, eax
    rep stosd
    mov cr2, eax
    lgdt [CUR_GDTR]
    lidt [CUR_IDTR]
    cmp dword [CUR_KIND], KIND_REAL
    je to_real
    lldt [CUR_LDT]
    ltr [CUR_TR]
    mov eax, [CUR_CR4]
    mov cr4, eax
    mov eax, [CUR_CR0]
    mov cr0, eax
    cmp dword [CUR_KIND], KIND_VIRTUAL
    je outward
    mov es, [CUR_ES]
    mov fs, [CUR_FS]
    mov gs, [CUR_GS]
    cmp dword [CUR_KIND], KIND_OUTWARD
    je outward
    push dword [CUR_FLAGS]
    popfd
    lss esp, [CUR_STACK]
    mov eax, [CUR_GPR + 0]
    mov ecx, [CUR_GPR + 4]
    mov edx, [CUR_GPR + 8]
    mov ebx, [CUR_GPR + 12]
    mov ebp, [CUR_GPR + 20]
    mov esi, [CUR_GPR + 24]
    mov edi, [CUR_GPR + 28]
    mov ds, [CUR_DS]
    jmp far dword [cs:CUR_ENTRY]
outward:
    mov esp, CUR_FRAME
    mov eax, [CUR_GPR + 0]
    mov ecx, [CUR_GPR + 4]
    mov edx, [CUR_GPR + 8]
    mov ebx, [CUR_GPR + 12]
    mov ebp, [CUR_GPR + 20]
    mov esi, [CUR_GPR + 24]
    mov edi, [CUR_GPR + 28]
    cmp dword [CUR_KIND], KIND_VIRTUAL
    je leave_home
    mov ds, [CUR_DS]
leave_home:
    iretd
to_real:
    mov ax, DATA_REAL
    mov ds, ax
    mov es, ax
    mov fs, ax
    mov gs, ax
    mov ss, ax
    jmp CODE_REAL:ENTER_REAL

; Every stub comes here, its vector pushed.
common:
    push eax
    mov eax, ds
    push eax
    mov ax, DATA32
    mov ds, ax
    pop dword [SAVE_DS]
    pop dword [SAVE_GPR + 0]
    pop dword [SAVE_VECTOR]
    mov [SAVE_GPR + 4], ecx
    mov [SAVE_GPR + 8], edx
    mov [SAVE_GPR + 12], ebx
    mov [SAVE_GPR + 16], esp
    mov [SAVE_GPR + 20], ebp
    mov [SAVE_GPR + 24], esi
    mov [SAVE_GPR + 28], edi
    mov [SAVE_SS], ss
    mov [SAVE_ES], es
    mov [SAVE_FS], fs
    mov [SAVE_GS], gs
    mov ss, ax
    mov esp, HOME_STACK
    pushfd
    pop dword [SAVE_FLAGS]
    push dword 2
    popfd
    mov eax, cr0
    mov [SAVE_CR0], eax
    sgdt [SAVE_GDTR]
    sidt [SAVE_IDTR]
    sldt [SAVE_LDT]
    str [SAVE_TR]
tail:
    push dword 2
    push dword CODE32
    push dword cleared
    iretd
cleared:
    mov ax, DATA32
    mov es, ax
    mov fs, ax
    mov gs, ax
    mov eax, cr2
    mov [SAVE_CR2], eax
    mov eax, cr3
    mov [SAVE_CR3], eax
    mov eax, cr4
    mov [SAVE_CR4], eax
    mov eax, dr7
    mov [SAVE_DR7], eax
    mov eax, 0x11
    mov cr0, eax
    xor eax, eax
    mov cr3, eax
    mov cr4, eax
    mov dr0, eax
    mov dr1, eax
    mov dr2, eax
    mov dr3, eax
    mov eax, 0xFFFF0FF0
    mov dr6, eax
    mov eax, 0x400
    mov dr7, eax
    mov edi, [RESULT_POINTER]
    mov esi, SAVE
    mov ecx, 64
    rep movsd
    mov esi, WORLD
    mov ecx, 1024
    rep movsd
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
    dq 0, 0x00CF9B000000FFFF, 0x00CF93000000FFFF
first_gdtr:
    dw 23
    dd first_gdt
