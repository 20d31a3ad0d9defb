/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A broker: Debian's mosquitto, which is started, killed and started again. */

#pragma once

#include <gio/gio.h>

#include "support/folder.h"

typedef struct
{
  Folder *folder;
  guint port;
  GSubprocess *process;
} Broker;

/* more: further lines of its configuration, in which %s is its folder. Does not start it. */
void broker_init (Broker *self, const char *more);
void broker_clear (Broker *self);

void broker_start (Broker *self);
void broker_stop (Broker *self, int number);    /* by that signal */
void broker_kill (Broker *self);        /* but what is subscribed is on its disk by then */
void broker_stand_still (Broker *self);
