/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How long work takes on this machine: at least, and by what was measured so far. */

#pragma once

#include "compute/measure.h"
#include "weights/budget.h"

typedef enum
{
  L4_STAGE_VISION,
  L4_STAGE_PREFILL,
  L4_STAGE_DECODE,
  L4_N_STAGES
} L4Stage;

/* What an answer consists of: pictures to encode and their tiles; tokens of the prompt, the first ones of which are held already;
 * tokens to generate. */
typedef struct
{
  gint64 pictures, tiles;
  gint64 prompt, kept;
  gint64 generated;
  guint kv_size;                /* bytes of an element of the cache */
} L4Task;

/* The operations and bytes of every stage, of a model with weights of that type. */
void l4_task_work (const L4Task *self, const L4Config *config, L4Type type, L4Work work[L4_N_STAGES]);

/* Any thread. */
typedef struct _L4Pace L4Pace;

/* quantised: tokens are multiplied with 8-bit rows. The machine is unknown at first. */
L4Pace *l4_pace_new (gboolean quantised);
void l4_pace_free (L4Pace *self);       /* NULL is fine */

/* certain: it need not be measured again, unless work is done faster than it says. */
void l4_pace_set_machine (L4Pace *self, const L4Speed *speed, gboolean certain);
gboolean l4_pace_knows_machine (L4Pace *self);  /* for certain */

/* A stage took that long. Recent ones count more. Returns the least time, in seconds, in which the machine's memory and arithmetic allow
 * it: no more than it took, whatever was measured while others used the machine. 0: the machine is unknown. */
double l4_pace_learn (L4Pace *self, L4Stage stage, const L4Work *work, double seconds);

/* The time, in seconds, that all stages are likely to take: as far from the least one as the stage was lately; the least one of a stage
 * that was never seen. 0: nothing is known of a stage. */
double l4_pace_forecast (L4Pace *self, const L4Work work[L4_N_STAGES]);
