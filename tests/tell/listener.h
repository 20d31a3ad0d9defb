/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who listens to a broker. */

#pragma once

#include <glib.h>

#include <mosquitto.h>

/* Keeps all that it gets, as "TOPIC PAYLOAD"; retained ones as "TOPIC =PAYLOAD". Its session outlives the broker. */
typedef struct
{
  struct mosquitto *client;
  GMutex lock;
  GPtrArray *got;
  gint subscribed;
} Listener;

/* folder: with the client's certificate for a broker that wants one; else NULL. */
void listener_init (Listener *self, guint port, const char *user, const char *password, const char *folder);
void listener_clear (Listener *self);

gboolean has_got (Listener *self, const char *what);

/* The first message that begins so. (transfer full) */
char *find_got (Listener *self, const char *begin);

/* The last one of a topic is this, retained or not. */
gboolean last_is (Listener *self, const char *topic, const char *payload);

/* The numbers of a rule's alerts, each once, in the order of their first coming. (transfer full) */
char *numbers_got (Listener *self, const char *rule);
