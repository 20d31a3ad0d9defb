/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Matrix units for processors that lack them: instructions of AMX that are illegal there are carried out here.
 * Linked with --wrap=l4_has_amx: then every processor that has the rest of what the amx kernels need has them.
 * Encodings and operations: Intel 64 and IA-32 Architectures Software Developer's Manual, volume 2. */

#define _GNU_SOURCE             /* names of registers */

#include <signal.h>
#include <string.h>
#include <ucontext.h>
#include <xmmintrin.h>

#include "kernels/kernels.h"

#define N_TILES 8
#define ROWS 16
#define ROW_BYTES 64

/* What LDTILECFG reads. */
typedef struct
{
  guint8 palette, start_row, reserved[14];
  guint16 row_bytes[16];
  guint8 rows[16];
} Shapes;

/* The units of one thread. */
static __thread struct
{
  Shapes shapes;
  guint8 tiles[N_TILES][ROWS][ROW_BYTES];
} units;

/* An instruction: C4, two bytes of prefix (which must say map 0F38, W0 and 128 bits), opcode, ModRM and what belongs to it. */
typedef struct
{
  guint8 opcode, prefix;        /* 0, 1, 2, 3: none, 66, F3, F2 */
  guint8 reg, rm, third;
  gboolean memory;              /* rm stands for memory, not for a register */
  guint8 *address;
  gsize stride;                 /* the index register, scaled */
  gsize length;
} Instruction;

static gsize
register_of (const ucontext_t *context, guint number)
{
  static const int places[16] = { REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI, REG_R8, REG_R9, REG_R10,
    REG_R11, REG_R12, REG_R13, REG_R14, REG_R15
  };

  return context->uc_mcontext.gregs[places[number]];
}

/* The address of a ModRM with memory; at: what follows it. Returns what follows that. */
static const guint8 *
decode_address (const ucontext_t *context, const guint8 *at, guint modrm, guint prefix, Instruction *out)
{
  guint mode = modrm >> 6, base = modrm & 7, high = prefix & 0x20 ? 0 : 8;
  gboolean next = mode == 0 && base == 5;       /* relative to the next instruction */
  gint8 near;
  gint32 far = 0;
  gsize address = 0;

  if (base == 4) {
    guint scale = *at >> 6, index = (*at >> 3 & 7) | (prefix & 0x40 ? 0 : 8);

    base = *at++ & 7;
    out->stride = index == 4 ? 0 : register_of (context, index) << scale;
  }
  if (!next && !(mode == 0 && base == 5))
    address = register_of (context, base | high);
  if (mode == 1) {
    memcpy (&near, at++, sizeof near);
    far = near;
  } else if (mode == 2 || next || (mode == 0 && base == 5)) {
    memcpy (&far, at, sizeof far);
    at += sizeof far;
  }
  address += far;
  out->address = (guint8 *) (next ? address + (gsize) at : address);
  return at;
}

static gboolean
decode (const ucontext_t *context, Instruction *out)
{
  const guint8 *code = (const guint8 *) context->uc_mcontext.gregs[REG_RIP], *at = code + 5;
  guint modrm;

  if (code[0] != 0xc4 || (code[1] & 0x1f) != 2 || (code[2] & 0x84) != 0)
    return FALSE;
  modrm = code[4];
  *out = (Instruction) {.opcode = code[3],.prefix = code[2] & 3,.reg = modrm >> 3 & 7,.rm = modrm & 7,.third = ~code[2] >> 3 & 7,
    .memory = modrm >> 6 != 3 };
  if (out->memory)
    at = decode_address (context, at, modrm, code[1], out);
  out->length = at - code;
  return TRUE;
}

static void
configure (const guint8 *from)
{
  memset (&units, 0, sizeof units);
  if (from != NULL)
    memcpy (&units.shapes, from, sizeof units.shapes);
}

static void
load (const Instruction *self)
{
  memset (units.tiles[self->reg], 0, sizeof units.tiles[self->reg]);
  for (guint m = 0; m < units.shapes.rows[self->reg]; m++)
    memcpy (units.tiles[self->reg][m], self->address + m * self->stride, units.shapes.row_bytes[self->reg]);
}

static void
store (const Instruction *self)
{
  for (guint m = 0; m < units.shapes.rows[self->reg]; m++)
    memcpy (self->address + m * self->stride, units.tiles[self->reg][m], units.shapes.row_bytes[self->reg]);
}

static void
widen (const guint8 *row, float even[16], float odd[16])
{
  for (guint i = 0; i < 16; i++) {
    guint32 both, bits[2];

    memcpy (&both, row + 4 * i, sizeof both);
    bits[0] = both << 16;
    bits[1] = both & 0xffff0000;
    memcpy (&even[i], &bits[0], sizeof even[i]);
    memcpy (&odd[i], &bits[1], sizeof odd[i]);
  }
}

/* The product of two numbers of bfloat16 is exact in float32: no fused operation is needed. */
static void
multiply (const Instruction *self)
{
  guint depth = units.shapes.row_bytes[self->rm] / 4, columns = units.shapes.row_bytes[self->reg] / 4;
  float b[16][2][16], a[2][16];

  for (guint k = 0; k < depth; k++)
    widen (units.tiles[self->third][k], b[k][0], b[k][1]);
  for (guint m = 0; m < units.shapes.rows[self->reg]; m++) {
    float sums[16] = { 0 }, c[16];

    widen (units.tiles[self->rm][m], a[0], a[1]);
    for (guint k = 0; k < depth; k++)
      for (guint half = 0; half < 2; half++)
        for (guint n = 0; n < 16; n++)
          sums[n] += a[half][k] * b[k][half][n];
    memcpy (c, units.tiles[self->reg][m], sizeof c);
    for (guint n = 0; n < columns; n++)
      c[n] += sums[n];
    memcpy (units.tiles[self->reg][m], c, sizeof c);
  }
}

static gboolean
carry_out (const Instruction *self)
{
  switch (self->opcode << 4 | self->prefix) {
    case 0x490:                /* LDTILECFG, TILERELEASE */
      configure (self->memory ? self->address : NULL);
      return TRUE;
    case 0x493:                /* TILEZERO */
      memset (units.tiles[self->reg], 0, sizeof units.tiles[self->reg]);
      return TRUE;
    case 0x4b1:                /* TILELOADDT1 */
    case 0x4b3:                /* TILELOADD */
      load (self);
      return TRUE;
    case 0x4b2:                /* TILESTORED */
      store (self);
      return TRUE;
    case 0x5c2:                /* TDPBF16PS */
      multiply (self);
      return TRUE;
    default:
      return FALSE;
  }
}

static void
on_illegal (int number, siginfo_t *info, gpointer data)
{
  ucontext_t *context = data;
  Instruction instruction;

  _mm_setcsr (_mm_getcsr () | 0x8040);  /* denormals are zero, before and after; the interrupted code has its own again later */
  if (decode (context, &instruction) && carry_out (&instruction))
    context->uc_mcontext.gregs[REG_RIP] += instruction.length;
  else
    signal (SIGILL, SIG_DFL);
}

gboolean __real_l4_has_amx (void);
gboolean __wrap_l4_has_amx (void);

gboolean
__wrap_l4_has_amx (void)
{
  const struct sigaction action = {.sa_sigaction = on_illegal,.sa_flags = SA_SIGINFO };

  return __real_l4_has_amx () || sigaction (SIGILL, &action, NULL) == 0;
}
