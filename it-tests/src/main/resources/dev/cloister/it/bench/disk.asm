; Works on a disk of 128 MiB and prints a letter at the end of each part: a when it is ready, b after writing all of it in order and
; flushing, c after reading all of it in order, d after READS reads of 4 KiB at random places, e after as many writes; one at a time both.
; Then all once more, with f, g, h and i. Then it halts.
%include "../../../../../../../../examples/lib/guest.inc"
%include "../../../../../../../../examples/lib/virtio-disk.inc"

PIECE   equ 128 * 1024                  ; bytes of a request in order
AT_ONCE equ 16
PIECES  equ 1024
READS   equ 2000

; done letter
%macro done 1
        mov     al, %1
        call    put_char
%endm

main:   call    disk_open
        done    'a'
        mov     ebp, 'b'
.again: mov     esi, DISK_WRITE
        call    in_order
        xor     edi, edi
        mov     esi, DISK_FLUSH
        xor     edx, edx
        xor     ecx, ecx
        xor     r8d, r8d
        call    disk_request
        mov     edi, 1
        call    disk_wait
        call    part_done
        mov     esi, DISK_READ
        call    in_order
        call    part_done
        mov     esi, DISK_READ
        call    at_random
        call    part_done
        mov     esi, DISK_WRITE
        call    at_random
        call    part_done
        cmp     ebp, 'j'
        jne     .again
.stop:  cli
        hlt
        jmp     .stop

; part_done: prints the letter of the part that is done, in ebp, and takes the next
part_done:
        mov     eax, ebp
        call    put_char
        inc     ebp
        ret

; in_order: esi = what is done with the whole disk
in_order:
        push    rbx
        push    r12
        push    r13
        mov     r13d, esi
        xor     r12d, r12d
.batch: xor     ebx, ebx
.next:  mov     edi, ebx
        mov     esi, r13d
        mov     edx, r12d
        imul    edx, edx, PIECE / 512
        mov     eax, ebx
        imul    eax, eax, PIECE
        lea     rcx, [buffers]
        add     rcx, rax
        mov     r8d, PIECE
        call    disk_request
        inc     r12d
        inc     ebx
        cmp     ebx, AT_ONCE
        jne     .next
        mov     edi, AT_ONCE
        call    disk_wait
        cmp     r12d, PIECES
        jne     .batch
        pop     r13
        pop     r12
        pop     rbx
        ret

; at_random: esi = what is done with READS blocks
at_random:
        push    rbx
        push    r12
        push    r13
        mov     r13d, esi
        mov     r12d, READS
        mov     ebx, 12345
.next:  imul    ebx, ebx, 1664525
        add     ebx, 1013904223
        mov     edx, ebx
        shr     edx, 17                 ; one of 32768 blocks
        shl     edx, 3
        xor     edi, edi
        mov     esi, r13d
        lea     rcx, [buffers]
        mov     r8d, 4096
        call    disk_request
        mov     edi, 1
        call    disk_wait
        dec     r12d
        jnz     .next
        pop     r13
        pop     r12
        pop     rbx
        ret

        section .bss
        align 4096
buffers:
        resb    AT_ONCE * PIECE
