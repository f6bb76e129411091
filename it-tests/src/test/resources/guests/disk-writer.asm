; Writes numbered records to the disk, some at once, flushes, and only then prints the last one's number; for ever. Before it are FIRST, the
; first record's number, and SEED, by which it chooses how many come before a flush. A record's words count up from its number times STRIDE.
%include "../../../../../examples/lib/guest.inc"
%include "../../../../../examples/lib/virtio-disk.inc"

SLOTS   equ 1009                        ; places for records, a prime
STEP    equ 617                         ; from one record's place to the next one's
STRIDE  equ 0x9E3779B97F4A7C15
BYTES   equ 4096

main:   call    disk_open
        mov     r12, FIRST
        mov     r13d, SEED
.batch: imul    r13d, r13d, 1664525
        add     r13d, 1013904223
        mov     r14d, r13d
        shr     r14d, 28
        inc     r14d
        xor     ebx, ebx
.record:
        mov     ecx, ebx
        shl     ecx, 12
        lea     r15, [buffers]
        add     r15, rcx
        lea     rax, [r12 + rbx]
        mov     rcx, STRIDE
        imul    rax, rcx
        mov     rdi, r15
        mov     ecx, BYTES / 8
.word:  mov     [rdi], rax
        inc     rax
        add     rdi, 8
        dec     ecx
        jnz     .word
        lea     rax, [r12 + rbx]
        mov     ecx, SLOTS
        xor     edx, edx
        div     rcx
        imul    eax, edx, STEP
        xor     edx, edx
        div     ecx
        shl     edx, 3
        mov     edi, ebx
        mov     esi, DISK_WRITE
        mov     rcx, r15
        mov     r8d, BYTES
        call    disk_request
        inc     ebx
        cmp     ebx, r14d
        jne     .record
        mov     edi, r14d
        call    disk_wait
        xor     edi, edi
        mov     esi, DISK_FLUSH
        xor     edx, edx
        xor     ecx, ecx
        xor     r8d, r8d
        call    disk_request
        mov     edi, 1
        call    disk_wait
        add     r12, r14
        lea     rdi, [r12 - 1]
        call    put_number
        print   `\n`
        jmp     .batch

        section .bss
        align 4096
buffers:
        resb    16 * BYTES
